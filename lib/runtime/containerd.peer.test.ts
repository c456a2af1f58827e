import { afterAll, beforeAll, expect, it } from 'vitest'
import { startContainerd, type TestContainerd } from './testContainerd.ts'

let containerd: TestContainerd
const ctr = (...args: string[]) => containerd.ctr(...args)
const run = (flags: string[], ...args: string[]) => containerd.world.run('ctr', ...containerd.running(flags, ...args))

beforeAll(async () => {
  containerd = await startContainerd()
}, 90_000)
afterAll(() => containerd?.stop())

it('ctr run: output and exit code', async () => {
  await expect(run(['--rm'], 'first', 'sh', '-c', 'id -u; exit 7')).rejects.toMatchObject({
    code: 7,
    stdout: '0\n',
  })
  await expect(run(['--rm'], 'none', 'nonesuch')).rejects.toMatchObject({
    stderr: expect.stringContaining('executable file not found in $PATH'),
  })
})

it('ctr run -d, exec, ps, pause, metrics, kill and delete', async () => {
  await run(['--detach', '--memory-limit', '67108864'], 'second', 'sleep', '1000')
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
  const line = ['ctr', ...containerd.running(['--rm', '--tty'], 'third', 'tty')]
  expect(await containerd.world.run('script', '-qec', line.join(' '), '/dev/null')).toMatch(/\/dev\/pts\/0\r*\n/)
})
