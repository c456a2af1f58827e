import { execFile, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A world of processes and a network of its own, in which programs of whole systems may be started: all of it ends with its process 1. */
export interface TestWorld {
  readonly folder: string
  /** Runs a program in it; fails with its stderr in the message. */
  run(program: string, ...args: string[]): Promise<string>
  stop(): Promise<void>
}

/**
 * Makes one: own mounts, with an empty /run and, for what is given as `covered`, an empty folder; own process numbers,
 * with a process 1 that takes in orphans, which not every machine's does; a network in which there is only lo.
 */
export async function startWorld(covered: string[] = [], env: NodeJS.ProcessEnv = {}): Promise<TestWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'ocilab-world-'))
  const there = covered.filter(path => existsSync(path))
  const script = `for path in /run ${there.join(' ')}; do mount -t tmpfs tmpfs $path; done; ip link set lo up; touch ${folder}/ready; exec tini -- sleep infinity`
  const own = ['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-c', script]
  const outer = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', ...own], { stdio: 'ignore' })
  const ended = new Promise(resolve => outer.once('exit', resolve))
  for (const deadline = Date.now() + 30_000; !existsSync(join(folder, 'ready')); await sleep(20))
    if (Date.now() > deadline || outer.exitCode !== null) throw new Error('no world of processes could be made')
  const first = execFileSync('pgrep', ['--parent', `${outer.pid}`], { encoding: 'utf8' }).trim()
  return {
    folder,
    async run(program, ...args) {
      const inside = ['--target', first, '--mount', '--net', '--pid', program, ...args]
      return (await run('nsenter', inside, { env: { ...process.env, ...env }, timeout: 120_000, cwd: folder })).stdout
    },
    async stop() {
      outer.kill('SIGKILL')
      await ended
      rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
    },
  }
}
