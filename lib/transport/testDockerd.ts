import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A docker daemon of our own: nothing of it is shared with the machine's. */
export interface TestDockerd {
  /** The path of its socket, for `DOCKER_HOST=unix://…`. */
  readonly socket: string
  /** Runs `docker …` against it; gives stdout. Fails with docker's stderr in the message. */
  docker(...args: string[]): Promise<string>
  /** Ends it, its containerd and its containers, and removes all it has written. */
  stop(): Promise<void>
}

/**
 * Starts a private dockerd in a temporary folder, for peer tests. Needs root. With `bridge` it has a network of its own,
 * and in it the bridge of Docker's. `enter` are words that run a command on a host of a test's own: there it has a
 * bridge and a firewall, and ends with that host. `inMemory` is for many small images: a disk makes each step of a build wait.
 */
export async function startDockerd(
  config: object = {},
  { bridge = false, inMemory = false, enter }: { bridge?: boolean; inMemory?: boolean; enter?: readonly string[] } = {},
): Promise<TestDockerd> {
  const folder = await mkdtemp(join(tmpdir(), 'ocilab-dockerd-'))
  const socket = join(folder, 'docker.sock')
  await writeFile(join(folder, 'daemon.json'), JSON.stringify(config))
  // The daemon goes when this process goes, however that happens.
  const network = enter ? [] : [...NO_FIREWALL, ...(bridge ? [] : ['--bridge=none'])]
  const own = bridge ? ['--mount', '--net'] : ['--mount']
  const place = [...(enter ?? []), 'unshare', ...own, 'sh', '-c', (inMemory ? IN_MEMORY : '') + ALONE]
  const command = ['--pdeathsig', 'TERM', ...place, 'dockerd', ...flags(folder, socket), ...network]
  const daemon = spawn('setpriv', command, { stdio: ['ignore', 'pipe', 'pipe'] })
  const log = createWriteStream(join(folder, 'log'))
  daemon.stdout.pipe(log, { end: false })
  daemon.stderr.pipe(log, { end: false })
  const exited = once(daemon, 'exit')
  const docker = async (...args: string[]) =>
    (await run('docker', ['-H', `unix://${socket}`, ...args], { env: environment(folder), maxBuffer: 64 << 20 })).stdout

  const stop = async () => {
    if (daemon.exitCode === null && daemon.signalCode === null) daemon.kill('SIGTERM')
    await Promise.race([exited, sleep(15_000).then(() => daemon.kill('SIGKILL'))])
    await killContainerd(folder)
    log.end()
    await rm(folder, { recursive: true, force: true, maxRetries: 10 })
  }
  try {
    await answering(() => docker('version'), exited, join(folder, 'log'))
  } catch (error) {
    await stop()
    throw error
  }
  return { socket, docker, stop }
}

// The paths dockerd cannot be talked out of are its own too; all it mounts vanishes with its mount namespace.
const ALONE = `for path in /etc/docker /run/docker; do [ ! -d $path ] || mount -t tmpfs tmpfs $path; done; exec dockerd "$@"`
const IN_MEMORY = `for flag; do case $flag in --data-root=*) path=\${flag#*=}; mkdir -p $path; mount -t tmpfs tmpfs $path ;; esac; done; `

// No firewall rules: the machine's network stays as it is.
const NO_FIREWALL = ['--iptables=false', '--ip6tables=false']

function flags(folder: string, socket: string): string[] {
  return [
    `--config-file=${join(folder, 'daemon.json')}`,
    `--data-root=${join(folder, 'data')}`,
    `--exec-root=${join(folder, 'exec')}`,
    `--pidfile=${join(folder, 'pid')}`,
    `--host=unix://${socket}`,
    // Works on any file system, overlay on overlay included.
    '--storage-driver=vfs',
  ]
}

/** Nothing of the caller's docker settings: no context, no credentials. BuildKit is a plugin that is not everywhere. */
function environment(folder: string): NodeJS.ProcessEnv {
  const { DOCKER_HOST: _host, DOCKER_CONTEXT: _context, ...rest } = process.env
  return { ...rest, DOCKER_CONFIG: join(folder, 'client'), DOCKER_BUILDKIT: '0' }
}

async function answering(ask: () => Promise<unknown>, exited: Promise<unknown>, log: string): Promise<void> {
  let gone = false
  void exited.then(() => {
    gone = true
  })
  for (const deadline = Date.now() + 60_000; ; await sleep(100)) {
    const answered = await ask().then(
      () => true,
      () => false,
    )
    if (answered) return
    if (gone || Date.now() > deadline)
      throw new Error(`dockerd does not answer:\n${(await readFile(log, 'utf8')).slice(-3000)}`)
  }
}

/** A dockerd that had to be killed leaves its containerd behind. */
async function killContainerd(folder: string): Promise<void> {
  const file = join(folder, 'exec/containerd/containerd.pid')
  const pid = Number(await readFile(file, 'utf8').catch(() => ''))
  const command = pid > 0 ? await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '') : ''
  if (command.includes(folder)) process.kill(pid, 'SIGKILL')
}
