import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openBundle } from '../../bundle/bundle.ts'
import type { HookKind, RuntimeConfig } from '../../spec/runtimeConfig.ts'
import { ocirun } from '../ocirun.ts'
import { testBundle, testOcirun } from '../testBundle.ts'
import { testLeft } from '../testLeft.ts'
import { loadState, saveState } from './state.ts'

const folder = mkdtempSync(join(tmpdir(), 'ocilab-lifecycle-'))
const root = join(folder, 'state')
const runtime = ocirun({ root })
const made: { remove(): void }[] = []
let program: string
let waiting: string

const call = (...args: string[]) => spawnSync(program, ['--root', root, ...args], { encoding: 'utf8', timeout: 30_000 })

async function bundleOf(args: string[], change: (config: RuntimeConfig) => void = () => {}): Promise<string> {
  const bundle = await testBundle(args)
  made.push(bundle)
  await (await openBundle(bundle.path)).edit(change)
  return bundle.path
}

const left = (prefix: string) => testLeft(prefix, root)

beforeAll(async () => {
  program = testOcirun(folder)
  waiting = await bundleOf(['sleep', '1000'])
})
afterEach(async () => {
  for (const { id } of await runtime.list()) await (await runtime.load(id)).delete({ force: true })
})
afterAll(() => {
  for (const bundle of made) bundle.remove()
  rmSync(folder, { recursive: true, force: true })
})

describe('what may not be done', () => {
  it.each<[args: string[], status: number, said: string]>([
    [['start', 'unknown'], 1, 'container does not exist'],
    [['state', '../etc'], 1, 'container ID format'],
    [['create', 'one', 'two', '--bundle', '/nonesuch'], 1, 'requires exactly 1 argument'],
    [['create', '--bundle', '/nonesuch', 'one'], 1, 'no such bundle'],
    [['kill', 'unknown'], 1, 'container does not exist'],
    [['kill', 'unknown', 'NOPE'], 1, 'unknown signal'],
    [['nonesuch'], 3, 'No help topic'],
    [['list', '--nope'], 1, 'flag provided but not defined: -nope'],
    [['--systemd-cgroup', 'run', 'one'], 1, 'not supported'],
    [['delete', '--force', 'unknown'], 0, ''],
  ])('%j', (args, status, said) => {
    const result = call(...args)
    expect(result.stderr).toContain(said)
    expect(result.stderr).not.toMatch(/^\s+at /m)
    expect(result.status).toBe(status)
  })

  it('a container is made once, started once, and not deleted while it runs', async () => {
    const container = await runtime.create('once', waiting)
    await expect(runtime.create('once', waiting)).rejects.toMatchObject({ code: 'CONTAINER_EXISTS' })
    expect((await container.state()).status).toBe('created')
    await container.start()
    await expect(container.start()).rejects.toMatchObject({ message: 'cannot start an already running container' })
    await expect(container.delete()).rejects.toMatchObject({
      message: 'cannot delete container once that is not stopped: running',
    })
    expect((await container.state()).status).toBe('running')
  })

  it('a stranger who has got the number of a process that is gone is not hit', async () => {
    const container = await runtime.run('reused', waiting)
    const saved = loadState(root, 'reused')
    await container.kill('KILL')
    await container.wait()
    saveState(root, { ...saved, pid: process.pid })
    await expect(container.kill('TERM')).rejects.toMatchObject({ message: 'container not running' })
    await container.delete({ force: true })
  })

  it.each(['', 'null', '{', '{"id":1}'])('a state that is %j is told, and forced away', async text => {
    await runtime.run('broken', waiting)
    const file = join(root, 'broken/state.json')
    writeFileSync(file, text)
    expect(call('state', 'broken').status).toBe(1)
    expect(call('delete', '--force', 'broken').status).toBe(0)
    expect(left('broken')).toEqual([])
  })
})

describe('what an image may not do', () => {
  it.each(['dev', 'proc', 'sys'])('have a link where /%s is to be', async name => {
    const bundle = await bundleOf(['true'])
    rmSync(join(bundle, 'rootfs', name), { recursive: true, force: true })
    symlinkSync('/bin', join(bundle, 'rootfs', name))
    await expect(runtime.run(`link-${name}`, bundle)).rejects.toMatchObject({ data: { errno: 'ELOOP' } })
    expect(left(`link-${name}`)).toEqual([])
  })

  it('reach a descriptor of ours, or the file native/init is run from', async () => {
    const container = await runtime.run('descriptors', waiting)
    const { stdout } = await container.exec({ args: ['ls', '/proc/1/fd', '/proc/self/fd'] })
    expect(stdout).toBe('/proc/1/fd:\n0\n1\n2\n\n/proc/self/fd:\n0\n1\n2\n3\n')
  })

  it('be somewhere else by a working directory that is a descriptor', async () => {
    const bundle = await bundleOf(['true'], config => {
      config.process!.cwd = '/proc/self/fd/7'
    })
    await expect(runtime.run('cwd', bundle)).rejects.toMatchObject({
      code: expect.stringMatching(/KERNEL|NOT_PERMITTED/),
    })
    expect(left('cwd')).toEqual([])
  })
})

it.each<HookKind>(['createRuntime', 'createContainer', 'startContainer'])(
  'a %s hook ends with the runtime',
  async kind => {
    const mark = `10${kind.length}`
    const path = kind === 'startContainer' ? '/bin/sleep' : '/usr/bin/sleep'
    const bundle = await bundleOf(['true'], config => {
      config.hooks = { [kind]: [{ path, args: ['sleep', mark] }] }
    })
    const hooks = () => readdirSync('/proc').filter(pid => commandOf(pid) === `sleep\0${mark}\0`)
    const child = execFile(program, ['--root', root, 'run', '--bundle', bundle, 'hooked'], () => {})
    await until(() => hooks().length === 1)
    child.kill('SIGKILL')
    await until(() => hooks().length === 0)
    expect(call('delete', '--force', 'hooked').status).toBe(0)
    expect(left('hooked')).toEqual([])
  },
)

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

async function until(holds: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 30_000; !holds(); await sleep(10)) expect(Date.now()).toBeLessThan(deadline)
}

it('a step that fails is told by its number and name, and nothing is left', async () => {
  const bundle = await bundleOf(['true'], config => {
    config.mounts!.push({ destination: '/x', type: 'nonesuch', source: 'x' })
  })
  await expect(runtime.run('step', bundle)).rejects.toMatchObject({
    message: expect.stringMatching(/^mount -t nonesuch x \/x: fsopen: ENODEV \(step \d+ of \d+\)$/),
  })
  expect(left('step')).toEqual([])
})

it('a capability nobody knows is warned of, where the log is, and is no reason to fail', async () => {
  const bundle = await bundleOf(['true'], config => {
    config.process!.capabilities!.bounding!.push('CAP_NOPE')
  })
  const said = 'ignoring unknown or unavailable capabilities: [CAP_NOPE]'
  expect(call('run', '--bundle', bundle, 'warned')).toMatchObject({ status: 0, stderr: expect.stringContaining(said) })
  const log = join(folder, 'log')
  expect(call('--log', log, '--log-format', 'json', 'run', '--bundle', bundle, 'warned').stderr).toBe('')
  expect(JSON.parse(readFileSync(log, 'utf8'))).toMatchObject({ level: 'warning', msg: said })
})

it('a hook that fails undoes the container; one that takes too long is ended', async () => {
  const failing = await bundleOf(['true'], config => {
    config.hooks = { createRuntime: [{ path: '/bin/sh', args: ['sh', '-c', 'echo no >&2; exit 3'] }] }
  })
  await expect(runtime.run('hook', failing)).rejects.toMatchObject({
    message: 'error running createRuntime hook #0: exit status 3, stderr: no',
  })
  const slow = await bundleOf(['true'], config => {
    config.hooks = { createContainer: [{ path: '/bin/sleep', args: ['sleep', '60'], timeout: 1 }] }
  })
  await expect(runtime.run('hook', slow)).rejects.toMatchObject({ code: 'TIMEOUT' })
  expect(left('hook')).toEqual([])
})

it('a hundred containers at once leave nothing behind', async () => {
  const bundle = await bundleOf(['true'])
  const ids = Array.from({ length: 100 }, (_, i) => `hundred-${i}`)
  await Promise.all(
    ids.map(async id => {
      const container = await runtime.run(id, bundle)
      await container.wait()
      await container.delete()
    }),
  )
  expect(left('hundred-')).toEqual([])
})

it('a program that is killed at any moment leaves nothing that delete --force does not clear', async () => {
  for (let delay = 20; delay <= 400; delay += 40) {
    const id = `killed-after-${delay}-ms`
    const child = execFile(program, ['--root', root, 'run', '--bundle', waiting, id], () => {})
    await sleep(delay)
    child.kill('SIGKILL')
    await new Promise(resolve => child.once('exit', resolve))
    expect(call('delete', '--force', id).stderr).toBe('')
    expect(call('delete', '--force', id).status).toBe(0)
    expect(left(id)).toEqual([])
  }
}, 120_000)
