import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ocirun } from '../../runtime/ocirun.ts'
import { testBundle, testCrun } from '../../runtime/testBundle.ts'
import { configProblems } from './check.ts'
import { BAD, type Change } from './testBad.ts'
import { set, without } from './testChange.ts'

const folder = mkdtempSync(join(tmpdir(), 'ocilab-config-'))
const crun = testCrun(folder)
const bundles = new Map<string, Awaited<ReturnType<typeof testBundle>>>()
let good: string
let count = 0

// Each has a bundle of its own: they run at once.
beforeAll(async () => {
  for (const runtime of ['runc', crun, 'ours']) bundles.set(runtime, await testBundle(['/bin/true']))
  good = readFileSync(join(bundles.get('ours')!.path, 'config.json'), 'utf8')
})
afterAll(() => {
  for (const bundle of bundles.values()) bundle.remove()
  rmSync(folder, { recursive: true, force: true })
})

function changed([path, value, others = {}]: Change): unknown {
  const config = JSON.parse(good)
  for (const [place, what] of [[path, value] as const, ...Object.entries(others)])
    set(
      config,
      place.split('/').map(key => (/^\d+$/.test(key) ? Number(key) : key)),
      what,
    )
  return JSON.parse(JSON.stringify(config))
}

const nameOf = ([path, value]: Change) =>
  `${path} = ${value === without ? 'nothing' : JSON.stringify(value).slice(0, 100)}`

/** Whether a container of that configuration can be made and run. */
async function runs(runtime: string, config: unknown): Promise<boolean> {
  const bundle = bundles.get(runtime)!.path
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(config))
  const id = `config-${process.pid}-${count++}`
  const root = join(folder, runtime.replace(/\W/g, ''))
  const ran = await new Promise<boolean>(resolve => {
    execFile(runtime, ['--root', root, 'run', '--bundle', bundle, id], { timeout: 30_000 }, error =>
      resolve(!error),
    ).stdin!.end()
  })
  // What could not be made, crun forgets; its cgroups stay.
  if (!ran)
    for (const hierarchy of ['', ...readdirSync('/sys/fs/cgroup')])
      if (existsSync(join('/sys/fs/cgroup', hierarchy, id))) rmdirSync(join('/sys/fs/cgroup', hierarchy, id))
  return ran
}

describe('what we refuse', () => {
  it('is wrong: as it was, it runs', async () => {
    expect(configProblems(JSON.parse(good))).toEqual([])
    expect(await Promise.all([runs('runc', JSON.parse(good)), runs(crun, JSON.parse(good))])).toEqual([true, true])
  })

  // A fourth of them, or all: each is two containers that are not made.
  const asked = process.env.OCILAB_SWEEP ? 1 : 4
  for (const [who, changes] of Object.entries(BAD))
    it.each(changes.map((change, index) => [nameOf(change), change, index] as const))(
      `${who} of runc and crun, too: %s`,
      async (_, change, index) => {
        const config = changed(change)
        const field = change[0].replace(/\/(\d+)/g, '[$1]').replaceAll('/', '.')
        const paths = configProblems(config).map(({ path }) => path)
        expect(paths.filter(path => path.startsWith(field) || field.startsWith(path))).not.toEqual([])
        if (index % asked !== 0) return
        const [byRunc, byCrun] = await Promise.all([runs('runc', config), runs(crun, config)])
        expect({ byRunc, byCrun }).toEqual({
          byRunc: who === 'crun' || who === 'neither',
          byCrun: who === 'runc' || who === 'neither',
        })
      },
    )
})

// What only this machine can tell is not for a look at config.json: it is told by create, which leaves nothing.
describe('what is right in itself', () => {
  const runtime = ocirun({ root: join(folder, 'ours') })
  it.each<Change>([
    ['root/path', 'nonesuch'],
    ['process', without],
    ['process/selinuxLabel', 'a:b:c:d'],
    ['mounts/6', { destination: '/x', type: 'bind', source: '/nonesuch', options: ['bind'] }],
    ['mounts/6', { destination: '/x', type: 'nonesuch', source: 'x' }],
    ['hooks', { createRuntime: [{ path: '/nonesuch' }] }],
    ['linux/namespaces', [{ type: 'mount' }, { type: 'network', path: '/nonesuch' }], { hostname: without }],
    ['linux/namespaces', [{ type: 'mount' }, { type: 'network', path: '/proc/self/ns/uts' }], { hostname: without }],
    ['linux/resources/cpu', { cpus: '5000' }],
    ['linux/resources/hugepageLimits', [{ pageSize: '3MB', limit: 0 }]],
    ['linux/sysctl', { 'net.nope': '1' }],
    ['linux/intelRdt', { closID: 'x' }],
    [
      'linux/namespaces',
      [{ type: 'mount' }, { type: 'network', path: '/proc/self/ns/net' }],
      { hostname: without, 'linux/sysctl': { 'net.ipv4.ip_forward': '1' } },
    ],
  ])('but cannot be had here: %s = %j', async (...change) => {
    const config = changed(change.slice(0, 3) as unknown as Change)
    expect(configProblems(config)).toEqual([])
    const bundle = bundles.get('ours')!.path
    writeFileSync(join(bundle, 'config.json'), JSON.stringify(config))
    await expect(runtime.run('refused', bundle)).rejects.toMatchObject({ code: expect.any(String) })
    expect(await runtime.list()).toEqual([])
  })

  it.each<Change>([
    ['process/env', ['A']],
    ['process/env', ['=b']],
    ['process/user', without],
    ['process/user', { uid: 7 }],
    ['process/capabilities/bounding', ['CAP_NOPE', 'KILL']],
    ['linux/namespaces', [...['mount', 'pid', 'uts'].map(type => ({ type })), { type: 'network', path: '' }]],
    ['mounts/6', { destination: 'x', type: 'tmpfs', source: 'tmpfs' }],
    [
      'linux/seccomp',
      { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['nonesuch'], action: 'SCMP_ACT_ERRNO' }] },
    ],
    ['process/rlimits', [{ type: 'RLIMIT_CORE', soft: 2 ** 64, hard: 2 ** 64 }]],
    ['linux/resources/memory', { limit: 2 ** 63 }],
    ['ociVersion', '1.0.0-rc5-dev+abc'],
  ])('and odd runs: %s = %j', async (...change) => {
    const bundle = bundles.get('ours')!.path
    writeFileSync(join(bundle, 'config.json'), JSON.stringify(changed(change.slice(0, 2) as unknown as Change)))
    const container = await runtime.run('odd', bundle)
    await container.wait()
    await container.delete()
  })
})
