import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { freeze } from '../cgroup/cgroup.ts'
import { testOcirun } from '../testBundle.ts'
import { testContainers } from '../testContainers.ts'
import { testLeft } from '../testLeft.ts'
import { isAlive } from './processTable.ts'
import { loadState } from './state.ts'

// What a container, or whoever asks for one, may do that is odd.
const { folder, root, runtime, bundleOf, clear, remove } = testContainers('odd')
let program: string
let waiting: string
const call = (...args: string[]) => spawnSync(program, ['--root', root, ...args], { encoding: 'utf8', timeout: 60_000 })

beforeAll(async () => {
  program = testOcirun(folder)
  waiting = await bundleOf(['sleep', '1000'])
})
afterEach(clear)
afterAll(remove)

describe('a terminal that goes to a socket', () => {
  const create = async (socket: string) => {
    const bundle = await bundleOf(['true'], config => {
      config.process!.terminal = true
    })
    return call('create', '--bundle', bundle, '--console-socket', socket, 'odd-terminal')
  }

  it.each<[string, (path: string) => void]>([
    ['is not there', () => {}],
    ['is a file', path => writeFileSync(path, '')],
    ['nobody listens at', path => spawnSync('sh', ['-c', `timeout 0.1 nc -lU ${path}; true`])],
    ['is a folder', path => rmSync(path, { recursive: true, force: true })],
  ])('that %s is told, and nothing is left', async (_, make) => {
    const path = join(mkdtempSync(join(folder, 'socket-')), 'console')
    make(path)
    const { status, stderr } = await create(path)
    expect(stderr).toContain(path)
    expect(stderr).not.toMatch(/^\s+at /m)
    expect(status).toBe(1)
    expect(testLeft('odd-terminal', root)).toEqual([])
  })

  it('that closes at once is no reason to hang', async () => {
    const path = join(folder, 'closing')
    const server = createServer(socket => socket.destroy()).listen(path)
    const { status } = await create(path)
    expect([0, 1]).toContain(status)
    server.close()
  })

  it('is refused where there is no terminal, and asked for where there is one', async () => {
    expect(call('create', '--bundle', waiting, '--console-socket', '/x', 'odd-none')).toMatchObject({
      ...{ status: 1, stderr: expect.stringContaining('cannot use console socket') },
    })
    const bundle = await bundleOf(['true'], config => {
      config.process!.terminal = true
    })
    expect(call('create', '--bundle', bundle, 'odd-none')).toMatchObject({
      ...{ status: 1, stderr: expect.stringContaining('cannot allocate tty') },
    })
  })
})

it.each(['<&-', '>&- 2>&-', '<&- >&- 2>&-'])('with %s a program is run all the same', async closed => {
  const bundle = await bundleOf(['sh', '-c', 'exit 7'])
  const { status } = spawnSync('sh', ['-c', `${program} --root ${root} run --bundle ${bundle} odd-closed ${closed}`])
  expect(status).toBe(7)
  expect(testLeft('odd-closed', root)).toEqual([])
})

describe('forced away', () => {
  it('is a container that is frozen', async () => {
    await runtime.run('odd-frozen', waiting)
    const { pid, startTime, cgroups } = loadState(root, 'odd-frozen')
    freeze(cgroups, true)
    expect(call('delete', '--force', 'odd-frozen')).toMatchObject({ status: 0, stderr: '' })
    expect(isAlive(pid, startTime)).toBe(false)
    expect(testLeft('odd-frozen', root)).toEqual([])
  })

  it('is one that nobody can end but by force: it ignores signals, and has children in groups of their own', async () => {
    const bundle = await bundleOf(['sh', '-c', 'trap "" TERM INT; setsid sleep 1000 & setsid sleep 1000 & wait'])
    spawnSync('ln', ['-s', 'busybox', join(bundle, 'rootfs/bin/setsid')])
    await runtime.run('odd-stubborn', bundle)
    await (await runtime.load('odd-stubborn')).kill('TERM')
    await (await runtime.load('odd-stubborn')).delete({ force: true })
    expect(testLeft('odd-stubborn', root)).toEqual([])
  })

  it('is one that shares our processes, with all of them', async () => {
    const bundle = await bundleOf(['sh', '-c', 'sleep 1000 & sleep 1000 & exec sleep 1000'], config => {
      config.linux!.namespaces = config.linux!.namespaces!.filter(({ type }) => type !== 'pid')
    })
    await runtime.run('odd-shared', bundle)
    await (await runtime.load('odd-shared')).delete({ force: true })
    expect(testLeft('odd-shared', root)).toEqual([])
  })

  it('is one whose memory ran out', async () => {
    const bundle = await bundleOf(['sh', '-c', 'x=x; while :; do x=$x$x; done'], config => {
      config.linux!.resources!.memory = { limit: 16 << 20, swap: 16 << 20 }
    })
    const container = await runtime.run('odd-hungry', bundle)
    await container.wait({ timeout: 50_000 })
    expect((await container.state()).status).toBe('stopped')
    await container.delete()
    expect(testLeft('odd-hungry', root)).toEqual([])
  })

  it('is what is left of one whose maker was killed in a hook', async () => {
    const bundle = await bundleOf(['true'], config => {
      config.hooks = {
        createRuntime: [{ path: '/bin/sh', args: ['sh', '-c', `echo > ${folder}/hooked; exec sleep 3`] }],
      }
    })
    const maker = spawn(program, ['--root', root, 'create', '--bundle', bundle, 'odd-orphan'], { stdio: 'ignore' })
    await expect.poll(() => spawnSync('test', ['-e', join(folder, 'hooked')]).status, { timeout: 30_000 }).toBe(0)
    maker.kill('SIGKILL')
    await new Promise(resolve => maker.once('exit', resolve))
    expect(call('delete', '--force', 'odd-orphan')).toMatchObject({ status: 0, stderr: '' })
    expect(call('delete', '--force', 'odd-orphan').status).toBe(0)
    expect(testLeft('odd-orphan', root)).toEqual([])
  })
})

describe('signals', () => {
  it.each<[signal: string, said: string]>([
    ['NOPE', 'unknown signal'],
    ['65', 'unknown signal'],
    ['-1', '-1'],
    ['', 'unknown signal'],
    ['SIGRTMAX+9', 'unknown signal'],
  ])('%j is none', async (signal, said) => {
    await runtime.run('odd-signals', waiting)
    expect(call('kill', 'odd-signals', signal)).toMatchObject({ status: 1, stderr: expect.stringContaining(said) })
    expect((await (await runtime.load('odd-signals')).state()).status).toBe('running')
  })

  it('0 asks whether there is anybody, and changes nothing', async () => {
    const container = await runtime.run('odd-zero', waiting)
    expect(call('kill', 'odd-zero', '0').status).toBe(0)
    await container.kill('KILL')
    await container.wait()
    expect(call('kill', 'odd-zero', '0')).toMatchObject({ status: 1, stderr: expect.stringContaining('not running') })
  })
})

it('update is told what is wrong before anything is changed', async () => {
  await runtime.run('odd-update', waiting)
  const file = join(folder, 'resources.json')
  writeFileSync(file, JSON.stringify({ pids: { limit: 7 }, cpu: { period: 5 }, memory: { limit: 'x' } }))
  const { status, stderr } = call('update', '--resources', file, 'odd-update')
  expect(stderr).toMatch(/memory\.limit: .*cpu\.period: /)
  expect(status).toBe(1)
  expect(call('update', '--cpu-period', '5', 'odd-update').stderr).toContain('cpu.period: out of range')
  expect(loadState(root, 'odd-update').config.linux?.resources?.pids).toBeUndefined()
})
