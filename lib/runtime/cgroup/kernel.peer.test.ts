import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBundle } from '../../bundle/bundle.ts'
import type { RuntimeConfig } from '../../spec/runtimeConfig.ts'
import { testBundle, testCrun, testOcirun } from '../testBundle.ts'
import { cgroupMode, hierarchies } from './hierarchy.ts'

// What the kernel's cgroup v2 has got, and what it then does, by each runtime: the real ones say what is right.
let folder: string

const PROGRAMS: Record<string, () => string> = {
  ocirun: () => testOcirun(folder),
  runc: () => 'runc',
  crun: () => testCrun(folder),
}
const MiB = 2 ** 20

// Beside v1 the unified hierarchy has no controllers to give.
describe.runIf(cgroupMode(hierarchies()) === 'v2').each(Object.keys(PROGRAMS))('on cgroup v2, %s', name => {
  const id = `cgroup2-${name}-${process.pid}`
  const group = `/sys/fs/cgroup/ocilab-${id}`
  let program: string

  // Into files: a container that goes on keeps open what it was given.
  function call(...args: string[]) {
    const [out, err] = [join(folder, 'out'), join(folder, 'err')]
    const [stdout, stderr] = [openSync(out, 'w'), openSync(err, 'w')]
    const { status } = spawnSync(program, ['--root', join(folder, 'states', name), ...args], {
      stdio: ['ignore', stdout, stderr],
    })
    closeSync(stdout)
    closeSync(stderr)
    return { status, stdout: readFileSync(out, 'utf8'), stderr: readFileSync(err, 'utf8') }
  }
  async function bundleOf(args: string[], change: (linux: NonNullable<RuntimeConfig['linux']>) => void) {
    const bundle = await testBundle(args)
    await (await openBundle(bundle.path)).edit(({ linux }) => {
      linux!.cgroupsPath = group.replace('/sys/fs/cgroup', '')
      change(linux!)
    })
    return bundle
  }
  const says = (file: string) => readFileSync(join(group, file), 'utf8').trim()
  const counted = (file: string, what: string) => Number(new RegExp(`^${what} (\\d+)$`, 'm').exec(says(file))?.[1])
  const exec = (...args: string[]) => call('exec', id, ...args)

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ocilab-cgroup2-'))
    program = PROGRAMS[name]!()
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  describe('one container', () => {
    let bundle: Awaited<ReturnType<typeof bundleOf>>
    beforeAll(async () => {
      bundle = await bundleOf(['sleep', '1000'], ({ resources }) =>
        Object.assign(resources!, {
          memory: { limit: 64 * MiB, reservation: 32 * MiB, swap: 96 * MiB },
          cpu: { quota: 180_000, period: 200_000, cpus: '0' },
          pids: { limit: 30 },
          hugepageLimits: [{ pageSize: '2MB', limit: 2 * MiB }],
          unified: { 'cpu.weight': '50', 'memory.min': `${MiB}` },
        }),
      )
      expect(call('run', '--detach', '--bundle', bundle.path, id)).toMatchObject({ status: 0, stderr: '' })
    })
    afterAll(() => {
      call('delete', '--force', id)
      bundle.remove()
    })

    it('has what its configuration says', () => {
      const files = {
        'memory.max': `${64 * MiB}`,
        'memory.low': `${32 * MiB}`,
        'memory.swap.max': `${32 * MiB}`,
        'memory.min': `${MiB}`,
        'cpu.max': '180000 200000',
        'cpu.weight': '50',
        'cpuset.cpus': '0',
        'pids.max': '30',
        'hugetlb.2MB.max': `${2 * MiB}`,
      }
      expect(Object.fromEntries(Object.keys(files).map(file => [file, says(file)]))).toEqual(files)
    })

    it('sees its own cgroup as the root', () => {
      expect(exec('cat', '/proc/self/cgroup')).toMatchObject({ status: 0, stdout: '0::/\n' })
    })

    it('is held where it is, with its execs', () => {
      expect(call('pause', id)).toMatchObject({ status: 0 })
      expect(counted('cgroup.events', 'frozen')).toBe(1)
      expect(JSON.parse(call('state', id).stdout).status).toBe('paused')
      expect(call('resume', id)).toMatchObject({ status: 0 })
      expect(counted('cgroup.events', 'frozen')).toBe(0)
    })

    it('loses a program that takes more memory than there is', () => {
      expect(exec('/bin/busybox', 'dd', 'if=/dev/zero', 'of=/dev/null', 'bs=200M', 'count=1').status).toBe(137)
      expect(counted('memory.events', 'oom_kill')).toBe(1)
    })

    it('is given less, or more, while it runs', () => {
      const memory = ['--memory', `${32 * MiB}`, '--memory-swap', `${32 * MiB}`]
      const cpu = ['--cpu-quota', '160000', '--cpu-period', '200000']
      expect(call('update', '--pids-limit', '20', ...memory, ...cpu, id)).toMatchObject({ status: 0 })
      const files = ['pids.max', 'memory.max', 'memory.swap.max', 'cpu.max', 'cpu.weight']
      expect(files.map(says)).toEqual(['20', `${32 * MiB}`, '0', '160000 200000', '50'])
      // As many as an exec of runc has threads itself would be too few.
      expect(exec('sh', '-c', 'while sleep 1000 >&- 2>&- & do :; done').stderr).toMatch(/can't fork/)
      expect(counted('pids.events', 'max')).toBeGreaterThan(0)
    })

    // crun 1.8 has no events.
    it.skipIf(name === 'crun')('is told of in numbers', () => {
      const { data } = JSON.parse(call('events', '--stats', id).stdout)
      expect(data).toMatchObject({ pids: { limit: 20 }, memory: { usage: { limit: 32 * MiB } } })
    })

    it('leaves no cgroup', () => {
      expect(call('delete', '--force', id)).toMatchObject({ status: 0 })
      expect(existsSync(group)).toBe(false)
    })
  })

  // Written to only: reading it takes a capability more.
  it.each([
    ['opens a device that a rule allows', true],
    ['opens no other', false],
  ])('%s', async (_, allow) => {
    const device = { type: 'c' as const, major: 1, minor: 11 }
    const bundle = await bundleOf(['sh', '-c', ': > /dev/mine'], linux => {
      linux.devices = [{ ...device, path: '/dev/mine', fileMode: 0o666 }]
      linux.resources!.devices!.push({ ...device, allow, access: 'w' })
    })
    const { status, stderr } = call('run', '--bundle', bundle.path, id)
    bundle.remove()
    expect({ opened: status === 0, stderr }).toEqual({
      opened: allow,
      stderr: allow ? '' : expect.stringContaining('Operation not permitted'),
    })
  })
})
