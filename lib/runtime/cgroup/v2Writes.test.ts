import { describe, expect, it } from 'vitest'
import type { Resources } from '../../spec/linuxConfig.ts'
import { cpuWeight, ioWeight, v2Writes } from './v2Writes.ts'

const lines = (resources: Resources, now: Record<string, string> = {}) =>
  v2Writes(resources, (_, file) => now[file]).map(({ controller, file, value }) => `${controller} ${file} ${value}`)

describe('v2Writes', () => {
  it.each<[Resources, string[]]>([
    [{}, []],
    [
      { memory: { limit: 100, swap: 150, reservation: 50 } },
      ['memory memory.swap.max 50', 'memory memory.max 100', 'memory memory.low 50'],
    ],
    [{ memory: { limit: 100, swap: 100 } }, ['memory memory.swap.max 0', 'memory memory.max 100']],
    [{ memory: { limit: 100, swap: -1 } }, ['memory memory.swap.max max', 'memory memory.max 100']],
    [{ memory: { limit: -1 } }, ['memory memory.swap.max max', 'memory memory.max max']],
    [{ memory: { limit: -1, swap: 150 } }, ['memory memory.swap.max 150', 'memory memory.max max']],
    [{ memory: { limit: 0, swap: 0, reservation: 0, kernel: 5, kernelTCP: 5 } }, []],
    [{ memory: { swap: -1 } }, ['memory memory.swap.max max']],
    [{ memory: { disableOOMKiller: false, swappiness: -1 } }, []],
    [{ cpu: { shares: 1024 } }, ['cpu cpu.weight 100']],
    [{ cpu: { quota: 5000, period: 10000 } }, ['cpu cpu.max 5000 10000']],
    [{ cpu: { quota: 5000 } }, ['cpu cpu.max 5000']],
    [{ cpu: { quota: -1 } }, ['cpu cpu.max max']],
    [{ cpu: { period: 10000 } }, ['cpu cpu.max max 10000']],
    [
      { cpu: { burst: 10, quota: 50, idle: 1, shares: 2 } },
      ['cpu cpu.weight 1', 'cpu cpu.max.burst 10', 'cpu cpu.max 50', 'cpu cpu.idle 1'],
    ],
    [{ cpu: { cpus: '0,2', mems: '0', realtimeRuntime: 0 } }, ['cpuset cpuset.cpus 0,2', 'cpuset cpuset.mems 0']],
    [{ pids: { limit: 7 } }, ['pids pids.max 7']],
    [{ pids: { limit: 0 } }, ['pids pids.max max']],
    [
      {
        blockIO: {
          weight: 500,
          weightDevice: [{ major: 8, minor: 0, weight: 10 }],
          throttleReadBpsDevice: [
            { major: 8, minor: 0, rate: 600 },
            { major: 8, minor: 1, rate: 0 },
          ],
          throttleWriteBpsDevice: [{ major: 8, minor: 0, rate: 601 }],
          throttleReadIOPSDevice: [{ major: 8, minor: 0, rate: 602 }],
          throttleWriteIOPSDevice: [{ major: 8, minor: 0, rate: 603 }],
        },
      },
      [
        'io io.bfq.weight 500',
        'io io.bfq.weight 8:0 10',
        'io io.max 8:0 rbps=600',
        'io io.max 8:1 rbps=max',
        'io io.max 8:0 wbps=601',
        'io io.max 8:0 riops=602',
        'io io.max 8:0 wiops=603',
      ],
    ],
    [
      { hugepageLimits: [{ pageSize: '1GB', limit: 0 }] },
      ['hugetlb hugetlb.1GB.max 0', 'hugetlb hugetlb.1GB.rsvd.max 0'],
    ],
    [{ rdma: { mlx: { hcaHandles: 3 } } }, ['rdma rdma.max mlx hca_handle=3']],
    [
      { unified: { 'io.max': '259:0 rbps=2097152\n253:0 rbps=1\n', 'cgroup.max.depth': '3' }, pids: { limit: 1 } },
      ['pids pids.max 1', 'io io.max 259:0 rbps=2097152', 'io io.max 253:0 rbps=1', 'cgroup cgroup.max.depth 3'],
    ],
  ])('%j', (resources, want) => expect(lines(resources)).toEqual(want))

  it('keeps what is not asked for', () => {
    const now = { 'cpu.max': '7000 100000', 'memory.max': '100' }
    expect(lines({ cpu: { period: 20000 }, memory: { swap: 300 } }, now)).toEqual([
      'memory memory.swap.max 200',
      'cpu cpu.max 7000 20000',
    ])
  })

  it.each<[Resources, string, RegExp]>([
    [{ memory: { swap: 100 } }, 'CONFIG_INVALID', /memory\.swap: 100 \(want a memory\.limit/],
    [{ memory: { limit: 100, swap: 99 } }, 'CONFIG_INVALID', /memory\.swap: 99 \(want at least memory\.limit, 100/],
    [{ memory: { swappiness: 0 } }, 'UNSUPPORTED', /memory\.swappiness: cgroup v2 has nothing/],
    [{ memory: { disableOOMKiller: true } }, 'UNSUPPORTED', /memory\.disableOOMKiller/],
    [{ cpu: { realtimeRuntime: 1 } }, 'UNSUPPORTED', /cpu\.realtimeRuntime/],
    [{ blockIO: { leafWeight: 10 } }, 'UNSUPPORTED', /blockIO\.leafWeight/],
    [{ network: { classID: 1 } }, 'UNSUPPORTED', /network\.classID/],
    [{ unified: { 'a/b.c': '1' } }, 'CONFIG_INVALID', /unified\["a\/b\.c"\]/],
    [{ unified: { '..': '1' } }, 'CONFIG_INVALID', /unified/],
    [{ unified: { memory: '1' } }, 'CONFIG_INVALID', /CONTROLLER\.PARAMETER/],
  ])('refuses %j', (resources, code, message) => {
    expect(() => lines(resources)).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }))
  })
})

// 2, 1024 and 262144 are what the curve goes through; the others are runc's formula, worked out.
it.each([
  [0, 1],
  [2, 1],
  [3, 2],
  [10, 4],
  [100, 17],
  [1024, 100],
  [2048, 174],
  [262143, 10000],
  [262144, 10000],
  [999999, 10000],
])('%i shares weigh %i', (shares, weight) => expect(cpuWeight(shares)).toBe(weight))

it.each([
  [10, 1],
  [100, 910],
  [500, 4950],
  [1000, 10000],
  [5, 1],
])('blkio weight %i is io weight %i', (blkio, io) => expect(ioWeight(blkio)).toBe(io))
