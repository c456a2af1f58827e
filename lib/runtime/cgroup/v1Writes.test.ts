import { describe, expect, it } from 'vitest'
import type { Resources } from '../../spec/linuxConfig.ts'
import { v1Writes } from './v1Writes.ts'

const lines = (resources: Resources) =>
  v1Writes(resources).map(({ controller, file, value }) => `${controller} ${file} ${value}`)

describe('v1Writes', () => {
  it.each<[Resources, string[]]>([
    [{}, []],
    [{ memory: { limit: 4096 } }, ['memory memory.limit_in_bytes 4096']],
    [
      { memory: { limit: 4096, swap: 8192 } },
      ['memory memory.limit_in_bytes 4096', 'memory memory.memsw.limit_in_bytes 8192'],
    ],
    [{ memory: { limit: -1 } }, ['memory memory.limit_in_bytes -1', 'memory memory.memsw.limit_in_bytes -1']],
    [
      { memory: { limit: -1, swap: 8192 } },
      ['memory memory.limit_in_bytes -1', 'memory memory.memsw.limit_in_bytes 8192'],
    ],
    [
      { memory: { reservation: 1, disableOOMKiller: true, swappiness: 0 } },
      ['memory memory.soft_limit_in_bytes 1', 'memory memory.oom_control 1', 'memory memory.swappiness 0'],
    ],
    [{ memory: { limit: 0, swap: 0, reservation: 0, disableOOMKiller: false, swappiness: -1 } }, []],
    [{ memory: { kernel: 1, kernelTCP: 1, useHierarchy: true, checkBeforeUpdate: true } }, []],
    [{ memory: { limit: 2 ** 63 - 4096 } }, ['memory memory.limit_in_bytes 9223372036854771712']],
    [{ memory: { limit: 2 ** 70 } }, ['memory memory.limit_in_bytes 1180591620717411303424']],
    [
      { cpu: { shares: 512, quota: 5000, period: 10000, burst: 0, idle: 0 } },
      [
        'cpu cpu.shares 512',
        'cpu cpu.cfs_period_us 10000',
        'cpu cpu.cfs_burst_us 0',
        'cpu cpu.cfs_quota_us 5000',
        'cpu cpu.idle 0',
      ],
    ],
    [{ cpu: { shares: 0, quota: 0, period: 0, cpus: '', mems: '' } }, []],
    [{ cpu: { quota: -1 } }, ['cpu cpu.cfs_quota_us -1']],
    [{ cpu: { cpus: '0-1', mems: '0' } }, ['cpuset cpuset.cpus 0-1', 'cpuset cpuset.mems 0']],
    [
      { cpu: { realtimePeriod: 1000, realtimeRuntime: 900 } },
      ['cpu cpu.rt_period_us 1000', 'cpu cpu.rt_runtime_us 900'],
    ],
    [{ pids: { limit: 7 } }, ['pids pids.max 7']],
    [{ pids: { limit: 0 } }, ['pids pids.max max']],
    [{ pids: { limit: -1 } }, ['pids pids.max max']],
    [{ pids: {} }, []],
    [
      {
        blockIO: {
          weight: 100,
          leafWeight: 50,
          weightDevice: [
            { major: 8, minor: 0, weight: 10, leafWeight: 20 },
            { major: 8, minor: 16, leafWeight: 30 },
          ],
          throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 600 }],
          throttleWriteBpsDevice: [{ major: 8, minor: 1, rate: 601 }],
          throttleReadIOPSDevice: [{ major: 8, minor: 2, rate: 602 }],
          throttleWriteIOPSDevice: [{ major: 8, minor: 3, rate: 0 }],
        },
      },
      [
        'blkio blkio.weight 100',
        'blkio blkio.leaf_weight 50',
        'blkio blkio.weight_device 8:0 10',
        'blkio blkio.leaf_weight_device 8:0 20',
        'blkio blkio.leaf_weight_device 8:16 30',
        'blkio blkio.throttle.read_bps_device 8:0 600',
        'blkio blkio.throttle.write_bps_device 8:1 601',
        'blkio blkio.throttle.read_iops_device 8:2 602',
        'blkio blkio.throttle.write_iops_device 8:3 0',
      ],
    ],
    [
      { hugepageLimits: [{ pageSize: '2MB', limit: 4096 }] },
      ['hugetlb hugetlb.2MB.limit_in_bytes 4096', 'hugetlb hugetlb.2MB.rsvd.limit_in_bytes 4096'],
    ],
    [
      { network: { classID: 1048577, priorities: [{ name: 'eth0', priority: 500 }] } },
      ['net_cls net_cls.classid 1048577', 'net_prio net_prio.ifpriomap eth0 500'],
    ],
    [
      { rdma: { mlx5_1: { hcaHandles: 3, hcaObjects: 10000 }, rxe3: { hcaObjects: 0 } } },
      ['rdma rdma.max mlx5_1 hca_handle=3 hca_object=10000', 'rdma rdma.max rxe3 hca_object=0'],
    ],
    [{ unified: {} }, []],
  ])('%j', (resources, want) => expect(lines(resources)).toEqual(want))

  it('names the place of each in config.json', () => {
    const writes = v1Writes({
      memory: { limit: 1 },
      blockIO: { throttleReadBpsDevice: [0, 1].map(minor => ({ major: 8, minor, rate: 1 })) },
    })
    expect(writes.map(({ at }) => at)).toEqual([
      'linux.resources.memory.limit',
      'linux.resources.blockIO.throttleReadBpsDevice[0]',
      'linux.resources.blockIO.throttleReadBpsDevice[1]',
    ])
  })

  it.each<[Resources, RegExp]>([
    [{ unified: { 'memory.max': '1' } }, /^linux\.resources\.unified: .*cgroup v1/],
    [{ memory: { swappiness: 101 } }, /^linux\.resources\.memory\.swappiness: 101 \(want 0 to 100\)/],
    [{ hugepageLimits: [{ pageSize: '../../x', limit: 1 }] }, /^linux\.resources\.hugepageLimits\[0\]\.pageSize/],
  ])('refuses %j', (resources, message) => expect(() => v1Writes(resources)).toThrow(message))
})
