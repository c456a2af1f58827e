import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { testOcirun, testRootfs } from './testBundle.ts'
import { startWorld, type TestWorld } from './testWorld.ts'

/** containerd itself, by way of its shim, which speaks runc's command line with the binary that it is told. */
export interface TestContainerd {
  readonly world: TestWorld
  ctr(...args: string[]): Promise<string>
  /** What follows `ctr` to run a container of that rootfs by our runtime, in a cgroup of this test's. */
  running(flags: readonly string[], ...args: string[]): string[]
  stop(): Promise<void>
}

const PLUGINS = ['grpc.v1.cri', 'snapshotter.v1.zfs', 'snapshotter.v1.btrfs'].map(name => `io.containerd.${name}`)

/** Starts it in a world of its own, in which what is `covered` is empty. */
export async function startContainerd(covered: string[] = []): Promise<TestContainerd> {
  const home = mkdtempSync(join(tmpdir(), 'ocilab-containerd-'))
  const at = (name: string) => join(home, name)
  const group = `ocilab-containerd-${process.pid}`
  const ocirun = testOcirun(home)
  testRootfs(at('rootfs'))
  for (const name of ['proc', 'sys', 'dev', 'run', 'etc', 'tmp']) mkdirSync(join(at('rootfs'), name))
  writeFileSync(
    at('config.toml'),
    `version = 2\nroot = "${at('root')}"\nstate = "${at('state')}"\ndisabled_plugins = ${JSON.stringify(PLUGINS)}\n[grpc]\naddress = "${at('socket')}"\n`,
  )
  const world = await startWorld(covered)
  const address = ['--address', at('socket')]
  const ctr = (...args: string[]) => world.run('ctr', ...address, ...args)
  await world.run('sh', '-c', `containerd --config ${at('config.toml')} > ${at('log')} 2>&1 &`)
  const answers = () => ctr('version').then(Boolean, () => false)
  for (const deadline = Date.now() + 60_000; !(existsSync(at('socket')) && (await answers())); await sleep(100))
    if (Date.now() > deadline) throw new Error('containerd does not answer')
  return {
    world,
    ctr,
    running(flags, ...args) {
      const ours = ['--runc-binary', ocirun, '--cgroup', `/${group}`]
      return [...address, 'run', ...ours, ...flags, '--rootfs', at('rootfs'), ...args]
    },
    async stop() {
      await world.stop()
      execFileSync('find', ['/sys/fs/cgroup', '-depth', '-type', 'd', '-path', `*/${group}*`, '-delete'])
      rmSync(home, { recursive: true, force: true, maxRetries: 10 })
    },
  }
}
