import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { testOcirun, testRootfs } from './testBundle.ts'
import { startWorld, type TestWorld } from './testWorld.ts'

// containerd itself, by way of its shim, which speaks runc's command line with the binary that it is told.
const home = mkdtempSync(join(tmpdir(), 'ocilab-containerd-'))
const socket = join(home, 'containerd.sock')
const rootfs = join(home, 'rootfs')
const group = `ocilab-containerd-${process.pid}`
let world: TestWorld
let ocirun: string

const ctr = (...args: string[]) => world.run('ctr', '--address', socket, ...args)
const run = (...args: string[]) => ctr('run', '--runc-binary', ocirun, '--cgroup', `/${group}`, '--rootfs', ...args)

beforeAll(async () => {
  ocirun = testOcirun(home)
  testRootfs(rootfs)
  for (const name of ['proc', 'sys', 'dev', 'run', 'etc']) mkdirSync(join(rootfs, name))
  const config = join(home, 'config.toml')
  const plugins =
    '["io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.btrfs"]'
  writeFileSync(
    config,
    `version = 2\nroot = "${join(home, 'root')}"\nstate = "${join(home, 'state')}"\ndisabled_plugins = ${plugins}\n[grpc]\naddress = "${socket}"\n`,
  )
  world = await startWorld()
  await world.run('sh', '-c', `containerd --config ${config} > ${join(home, 'log')} 2>&1 &`)
  for (const deadline = Date.now() + 60_000; ; await sleep(100)) {
    if (
      existsSync(socket) &&
      (await ctr('version').then(
        () => true,
        () => false,
      ))
    )
      break
    if (Date.now() > deadline) throw new Error('containerd does not answer')
  }
}, 90_000)
afterAll(async () => {
  await world?.stop()
  execFileSync('find', ['/sys/fs/cgroup', '-depth', '-type', 'd', '-path', `*/${group}*`, '-delete'])
  rmSync(home, { recursive: true, force: true, maxRetries: 10 })
})

it('ctr run: output and exit code', async () => {
  await expect(run('--rm', rootfs, 'first', 'sh', '-c', 'id -u; exit 7')).rejects.toMatchObject({
    code: 7,
    stdout: '0\n',
  })
  await expect(run('--rm', rootfs, 'none', 'nonesuch')).rejects.toMatchObject({
    stderr: expect.stringContaining('executable file not found in $PATH'),
  })
})

it('ctr run -d, exec, ps, pause, metrics, kill and delete', async () => {
  await run('--detach', '--memory-limit', '67108864', rootfs, 'second', 'sleep', '1000')
  expect(await ctr('task', 'ls')).toMatch(/^second +\d+ +RUNNING$/m)
  await expect(ctr('task', 'exec', '--exec-id', 'a', 'second', 'sh', '-c', 'id -u; exit 9')).rejects.toMatchObject({
    code: 9,
    stdout: '0\n',
  })
  await ctr('task', 'exec', '--detach', '--exec-id', 'b', 'second', 'sleep', '1000')
  expect((await ctr('task', 'ps', 'second')).trim().split('\n')).toHaveLength(3)
  expect(await ctr('task', 'metrics', 'second')).toMatch(/^memory\.limit_in_bytes +67108864|memory\.usage_limit/m)
  await ctr('task', 'pause', 'second')
  expect(await ctr('task', 'ls')).toMatch(/^second +\d+ +PAUSED$/m)
  await ctr('task', 'resume', 'second')
  await ctr('task', 'kill', '--signal', 'SIGKILL', 'second')
  await expect.poll(() => ctr('task', 'ls'), { timeout: 30_000 }).toMatch(/^second +\d+ +STOPPED$/m)
  await ctr('task', 'delete', 'second').catch(error => expect(error.code).toBe(137))
  await ctr('container', 'delete', 'second')
})

it('ctr run -t: a terminal', async () => {
  const line = [
    'ctr',
    '--address',
    socket,
    'run',
    '--rm',
    '--tty',
    '--runc-binary',
    ocirun,
    '--rootfs',
    rootfs,
    'third',
    'tty',
  ]
  expect(await world.run('script', '-qec', line.join(' '), '/dev/null')).toMatch(/\/dev\/pts\/0\r*\n/)
})
