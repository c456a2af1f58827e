import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Place } from './suite.ts'

/** Runs `docker …` against a daemon of the bench's own, which does the work. */
export interface Docker {
  (...args: string[]): void
  readonly daemon: number
}

/** A daemon of our own, with the storage it has on ordinary machines. */
export async function startDocker({ folder, defer }: Place): Promise<Docker> {
  const home = join(folder, 'docker')
  const socket = join(home, 'socket')
  const paths = [
    `--data-root=${join(home, 'data')}`,
    `--exec-root=${join(home, 'exec')}`,
    `--pidfile=${join(home, 'pid')}`,
  ]
  const quiet = ['--bridge=none', '--iptables=false', '--ip6tables=false', '--storage-driver=overlay2']
  mkdirSync(home)
  const daemon = spawn('dockerd', [...paths, ...quiet, `--host=unix://${socket}`], { stdio: 'ignore' })
  const gone = new Promise(resolve => daemon.once('exit', resolve))
  defer(async () => {
    daemon.kill('SIGTERM')
    await gone
  })
  const env = { ...process.env, DOCKER_BUILDKIT: '0', DOCKER_CONFIG: join(home, 'client') }
  const run = (...args: string[]) =>
    void execFileSync('docker', ['-H', `unix://${socket}`, ...args], { env, stdio: ['ignore', 'ignore', 'pipe'] })
  const docker = Object.assign(run, { daemon: daemon.pid! })
  for (const deadline = Date.now() + 60_000; ; await sleep(100)) {
    try {
      docker('version')
      return docker
    } catch (error) {
      if (Date.now() > deadline || daemon.exitCode !== null) throw error
    }
  }
}
