import { spawn, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { isOciError } from '../../errors.ts'
import type { RuntimeConfig } from '../../spec/runtimeConfig.ts'
import { testOcirun } from '../testBundle.ts'
import { testContainers } from '../testContainers.ts'
import { testLeft } from '../testLeft.ts'
import { loadState, statePaths } from './state.ts'

const { folder, root, runtime, bundleOf, clear, remove } = testContainers('at-once')
let waiting: string
let program: string
const call = (...args: string[]) => spawnSync(program, ['--root', root, ...args], { encoding: 'utf8', timeout: 60_000 })

beforeAll(async () => {
  program = testOcirun(folder)
  waiting = await bundleOf(['sleep', '1000'])
})
afterEach(clear)
afterAll(remove)

const told = (error: unknown) => (isOciError(error) ? error.code : String(error))
const settled = async (...work: Promise<unknown>[]) =>
  (await Promise.allSettled(work)).map(one => (one.status === 'fulfilled' ? 'done' : told(one.reason)))

/** A container whose creation waits in a hook, until the file that is named is there. */
async function slow(name: string, change: (config: RuntimeConfig) => void = () => {}) {
  const [reached, go] = [join(folder, `${name}-reached`), join(folder, `${name}-go`)]
  const script = `echo > ${reached}; until [ -e ${go} ]; do sleep 0.02; done`
  const bundle = await bundleOf(['sleep', '1000'], config => {
    config.hooks = { createRuntime: [{ path: '/bin/sh', args: ['sh', '-c', script] }] }
    change(config)
  })
  const made = runtime.create(name, bundle)
  made.catch(() => {})
  await expect.poll(() => existsSync(reached), { timeout: 30_000 }).toBe(true)
  return { made, goOn: () => writeFileSync(go, '') }
}

describe('two operations on one container', () => {
  it('of many creates one is it; the others say that it exists, and change nothing', async () => {
    const results = await settled(...Array.from({ length: 8 }, () => runtime.create('at-once-one', waiting)))
    expect(results.sort()).toEqual([...Array(7).fill('CONTAINER_EXISTS'), 'done'])
    const ends = await Promise.all(Array.from({ length: 3 }, () => ended('create', '--bundle', waiting, 'at-once-two')))
    expect(ends.sort()).toEqual([0, 1, 1])
    for (const id of ['at-once-one', 'at-once-two']) {
      const container = await runtime.load(id)
      expect((await container.state()).status).toBe('created')
      await container.start()
      expect((await container.exec({ args: ['echo', 'well'] })).stdout).toBe('well\n')
    }
  })

  it('a create that is refused for its config leaves the one that has the id alone', async () => {
    const container = await runtime.run('at-once-mine', waiting)
    const nowhere = await bundleOf(['true'], config => {
      config.root!.path = '/nonesuch'
    })
    const terminal = await bundleOf(['true'], config => {
      config.process!.terminal = true
    })
    for (const bundle of [nowhere, terminal]) await expect(runtime.run('at-once-mine', bundle)).rejects.toThrow()
    expect((await container.state()).status).toBe('running')
  })

  it('of many starts one starts it', async () => {
    await runtime.create('at-once-starts', waiting)
    const ends = await Promise.all(Array.from({ length: 3 }, () => ended('start', 'at-once-starts')))
    expect(ends.filter(status => status === 0)).toHaveLength(1)
    expect((await (await runtime.load('at-once-starts')).state()).status).toBe('running')
  })

  it('many forced deletes are all content', async () => {
    await runtime.run('at-once-deletes', waiting)
    expect(await Promise.all(Array.from({ length: 4 }, () => ended('delete', '--force', 'at-once-deletes')))).toEqual([
      0, 0, 0, 0,
    ])
    expect(testLeft('at-once-deletes', root)).toEqual([])
  })

  it('a delete ends the programs that exec runs, and those who run them hear of it', async () => {
    const container = await runtime.run('at-once-execs', waiting)
    const executed = settled(...Array.from({ length: 4 }, () => container.exec({ args: ['sleep', '1000'] })))
    await expect.poll(async () => processesOf('at-once-execs'), { timeout: 30_000 }).toBeGreaterThan(1)
    await container.delete({ force: true })
    for (const result of await executed)
      expect(['done', 'CONTAINER_WRONG_STATUS', 'CONTAINER_UNKNOWN', 'KERNEL']).toContain(result)
    expect(testLeft('at-once-execs', root)).toEqual([])
  })

  it('while it is being made it can be killed', async () => {
    const { made, goOn } = await slow('at-once-early')
    const container = await runtime.load('at-once-early')
    expect((await container.state()).status).toMatch(/creat/)
    await container.kill('KILL')
    goOn()
    expect(await settled(made)).toEqual(['KERNEL'])
    expect(testLeft('at-once-early', root)).toEqual([])
  })

  it('while it is being made it can be deleted by force', async () => {
    const { made, goOn } = await slow('at-once-gone')
    expect(await ended('delete', '--force', 'at-once-gone')).toBe(0)
    goOn()
    expect((await settled(made))[0]).not.toBe('done')
    expect(testLeft('at-once-gone', root)).toEqual([])
  })
})

describe('what another has left', () => {
  const hierarchy = existsSync('/sys/fs/cgroup/pids') ? '/sys/fs/cgroup/pids' : '/sys/fs/cgroup'
  const theirs = join(hierarchy, 'at-once-theirs')
  const ours = (config: RuntimeConfig) => {
    config.linux!.cgroupsPath = '/at-once-theirs'
  }

  it('in the cgroup is not taken for ours: neither killed nor removed', async () => {
    const bundle = await bundleOf(['true'], ours)
    mkdirSync(join(theirs, 'inner'), { recursive: true })
    const stranger = spawn('sleep', ['1000'])
    try {
      writeFileSync(join(theirs, 'cgroup.procs'), String(stranger.pid))
      await expect(runtime.run('at-once-theirs', bundle)).rejects.toMatchObject({ code: 'CONTAINER_EXISTS' })
      expect(call('delete', '--force', 'at-once-theirs').status).toBe(0)
      expect(readFileSync(join(theirs, 'cgroup.procs'), 'utf8')).toBe(`${stranger.pid}\n`)
      expect(existsSync(join(theirs, 'inner'))).toBe(true)
      expect(stranger.exitCode ?? stranger.signalCode).toBeNull()
    } finally {
      stranger.kill('SIGKILL')
      await new Promise(resolve => stranger.once('exit', resolve))
      await expect.poll(() => readFileSync(join(theirs, 'cgroup.procs'), 'utf8'), { timeout: 30_000 }).toBe('')
      rmdirSync(join(theirs, 'inner'))
      rmdirSync(theirs)
    }
  })

  it('is used, where it is an empty cgroup', async () => {
    mkdirSync(theirs)
    const container = await runtime.run('at-once-again', await bundleOf(['true'], ours))
    await container.wait()
    await container.delete()
    expect(testLeft('at-once-theirs', root)).toEqual([])
  })
})

// Mounts of the test's own: nobody else sees them.
describe('a machine that is', () => {
  const inMounts = (mounts: string, ...args: string[]) =>
    spawnSync('unshare', ['--mount', 'sh', '-c', `${mounts} && exec "$@"`, 'sh', program, ...args], {
      encoding: 'utf8',
    })

  it('without cgroups to write says so, and nothing is left', () => {
    const readOnly = "awk '$3 ~ /^cgroup/ { print $2 }' /proc/mounts | xargs -n 1 mount -o remount,bind,ro"
    const { status, stderr } = inMounts(readOnly, '--root', root, 'run', '--bundle', waiting, 'at-once-read-only')
    expect(stderr).toMatch(/read-only|EROFS/)
    expect(status).toBe(1)
    expect(stderr).not.toMatch(/^\s+at /m)
    expect(testLeft('at-once-read-only', root)).toEqual([])
  })

  it.each([
    ['read-only', 'mount -t tmpfs -o ro tmpfs', 'EROFS'],
    ['full', 'mount -t tmpfs -o nr_inodes=1 tmpfs', 'ENOSPC'],
    ['without room for a state', 'mount -t tmpfs -o size=4096 tmpfs', 'ENOSPC'],
  ])('%s where states are kept says so, and nothing is left', (_, mount, errno) => {
    const states = mkdtempSync(join(folder, 'states-'))
    const { status, stderr } = inMounts(
      `${mount} ${states}`,
      '--root',
      states,
      'run',
      '--bundle',
      waiting,
      'at-once-no-room',
    )
    expect(stderr).toContain(errno)
    expect(status).toBe(1)
    expect(testLeft('at-once-no-room', root)).toEqual([])
    expect(readdirSync(states)).toEqual([])
    rmSync(states, { recursive: true })
  })
})

function ended(...args: string[]): Promise<number | null> {
  return new Promise(resolve => spawn(program, ['--root', root, ...args], { stdio: 'ignore' }).once('exit', resolve))
}

function processesOf(id: string): number {
  if (!existsSync(statePaths(root, id).folder)) return 0
  const [path] = Object.values(loadState(root, id).cgroups.folders)
  return readFileSync(join(path!, 'cgroup.procs'), 'utf8').split('\n').length - 1
}
