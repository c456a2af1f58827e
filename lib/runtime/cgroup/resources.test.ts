import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Resources } from '../../spec/linuxConfig.ts'
import type { CgroupPaths } from './paths.ts'
import { setResources } from './resources.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ocirun-cgroup-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const fill = (files: Record<string, string>) => {
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text)
}
const says = (file: string) => readFileSync(join(folder, file), 'utf8')
const v2 = (): CgroupPaths => ({ mode: 'v2', folders: { unified: folder } })
const v1 = (...controllers: string[]): CgroupPaths => ({
  mode: 'v1',
  folders: Object.fromEntries(controllers.map(name => [name, folder])),
})
const ALL = { 'cgroup.controllers': 'cpuset cpu io memory hugetlb pids rdma\n' }

describe('setResources on v2', () => {
  it('writes each value to its file, and unified last', () => {
    fill({ ...ALL, 'memory.max': 'max\n', 'memory.swap.max': 'max\n', 'cpu.weight': '', 'cpu.max': 'max 100000\n' })
    fill({ 'pids.max': '', 'cpuset.cpus': '', 'hugetlb.2MB.max': '', 'hugetlb.2MB.rsvd.max': '' })
    setResources(v2(), {
      memory: { limit: 1000, swap: 3000 },
      cpu: { shares: 1024, quota: 50000, period: 200000, cpus: '0' },
      pids: { limit: 5 },
      hugepageLimits: [{ pageSize: '2MB', limit: 7 }],
      unified: { 'pids.max': '6' },
    })
    const files = ['memory.max', 'memory.swap.max', 'cpu.weight', 'cpu.max', 'cpuset.cpus', 'pids.max']
    expect(files.map(says)).toEqual(['1000', '2000', '100', '50000 200000', '0', '6'])
    expect(['hugetlb.2MB.max', 'hugetlb.2MB.rsvd.max'].map(says)).toEqual(['7', '7'])
  })

  it('needs no file where swap, or reserved huge pages, are not counted', () => {
    fill({ ...ALL, 'memory.max': '', 'hugetlb.2MB.max': '' })
    setResources(v2(), { memory: { limit: 10, swap: 10 }, hugepageLimits: [{ pageSize: '2MB', limit: 7 }] })
    expect(says('memory.max')).toBe('10')
    expect(() => setResources(v2(), { memory: { limit: 10, swap: 11 } })).toThrow(
      /^linux\.resources\.memory\.swap: write "1" to .*memory\.swap\.max: ENOENT/,
    )
  })

  it.each<[string, Record<string, string>, string[]]>([
    ['BFQ’s file', { 'io.bfq.weight': 'default 100\n', 'io.weight': '' }, ['100', '']],
    ['the other’s', { 'io.weight': '' }, ['910']],
  ])('gives blockIO.weight to %s', (_, files, want) => {
    fill({ ...ALL, ...files })
    setResources(v2(), { blockIO: { weight: 100 } })
    expect(Object.keys(files).map(says)).toEqual(want)
  })

  it.each<[Resources, string]>([
    [{ memory: { limit: 1 } }, 'linux.resources.memory.limit: no memory controller here'],
    [{ pids: { limit: 1 }, cpu: { shares: 5 } }, 'linux.resources.cpu.shares: no cpu controller here'],
    [{ unified: { 'io.max': '1' } }, 'linux.resources.unified["io.max"]: no io controller here'],
    [{ rdma: { a: { hcaHandles: 1 } } }, 'linux.resources.rdma.a: no rdma controller here'],
  ])('%j without its controller is refused before anything is written', (resources, message) => {
    fill({ 'cgroup.controllers': 'pids\n', 'pids.max': 'before' })
    expect(() => setResources(v2(), resources)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED', message }))
    expect(says('pids.max')).toBe('before')
  })

  it('writes to the core’s files without a controller, and to files it does not know', () => {
    fill({ 'cgroup.controllers': 'misc', 'cgroup.max.depth': '', 'misc.max': '' })
    setResources(v2(), { unified: { 'cgroup.max.depth': '3', 'misc.max': 'res_a 1' } })
    expect([says('cgroup.max.depth'), says('misc.max')]).toEqual(['3', 'res_a 1'])
  })

  it.each<[Resources['memory'], RegExp | undefined]>([
    [{ limit: 500, checkBeforeUpdate: true }, /memory\.limit: 500 is not above .* \(want more than 600\)/],
    [{ limit: 700, swap: -1, checkBeforeUpdate: true }, undefined],
    [{ limit: 500 }, undefined],
    [{ limit: -1, checkBeforeUpdate: true }, undefined],
  ])('memory %j where 600 is used', (memory, message) => {
    fill({ ...ALL, 'memory.current': '600\n', 'memory.max': 'before', 'memory.swap.max': 'before' })
    const run = () => setResources(v2(), { memory })
    if (message) expect(run).toThrow(message)
    else run()
    expect(says('memory.max') === 'before').toBe(message !== undefined)
  })

  it('leaves device rules to the program', () => {
    fill(ALL)
    setResources(v2(), { devices: [{ allow: false, access: 'rwm' }] })
  })
})

describe('setResources on v1', () => {
  it.each<[Resources, string]>([
    [{ memory: { limit: 1 } }, 'linux.resources.memory.limit: no memory controller here'],
    [
      { hugepageLimits: [{ pageSize: '2MB', limit: 1 }] },
      'linux.resources.hugepageLimits[0]: no hugetlb controller here',
    ],
    [{ network: { classID: 1 } }, 'linux.resources.network.classID: no net_cls controller here'],
  ])('%j without its controller is refused', (resources, message) => {
    expect(() => setResources(v1('pids'), resources, { skipDevices: true })).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED', message }),
    )
  })

  it('needs the devices controller, unless told to leave devices alone', () => {
    fill({ 'pids.max': '' })
    expect(() => setResources(v1('pids'), { pids: { limit: 1 } })).toThrow(
      'linux.resources.devices: no devices controller',
    )
    expect(says('pids.max')).toBe('')
    setResources(v1('pids'), { pids: { limit: 1 } }, { skipDevices: true })
    expect(says('pids.max')).toBe('1')
  })

  it('tells what could not be written where, and why', () => {
    expect(() => setResources(v1('pids'), { pids: { limit: 3 } }, { skipDevices: true })).toThrow(
      expect.objectContaining({
        code: 'KERNEL',
        message: `linux.resources.pids.limit: write "3" to ${folder}/pids.max: ENOENT`,
        data: expect.objectContaining({
          errno: 'ENOENT',
          file: `${folder}/pids.max`,
          value: '3',
          where: 'linux.resources.pids.limit',
        }),
      }),
    )
  })
})
