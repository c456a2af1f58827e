import { RuntimeError } from '../../errors.ts'
import type { Resources, ThrottleDevice } from '../../spec/linuxConfig.ts'
import { always, decimal, each, hugepages, pidsMax, type Row, rdmaWrites, row, type Write } from './writes.ts'

const throttled = ({ major, minor, rate }: ThrottleDevice) => `${major}:${minor} ${decimal(rate)}`

const throttle = (at: string, asked: (r: Resources) => ThrottleDevice[] | undefined, file: string): Row =>
  each(`blockIO.${at}`, 'blkio', asked, device => [{ file, value: throttled(device) }])

// In the order of writing. Not written: memory.kernel and memory.kernelTCP (not recommended by the spec, and ignored by
// runc) and memory.useHierarchy (kernels have no other way any more).
const TABLE: readonly Row[] = [
  row('cpu.cpus', 'cpuset', r => r.cpu?.cpus, 'cpuset.cpus', String),
  row('cpu.mems', 'cpuset', r => r.cpu?.mems, 'cpuset.mems', String),
  row('memory.limit', 'memory', r => r.memory?.limit, 'memory.limit_in_bytes', decimal, { again: true }),
  row('memory.swap', 'memory', r => r.memory?.swap, 'memory.memsw.limit_in_bytes', decimal),
  // Memory without limit needs memory and swap without limit.
  row('memory.limit', 'memory', unlimited, 'memory.memsw.limit_in_bytes', decimal, { fine: ['ENOENT'] }),
  row('memory.reservation', 'memory', r => r.memory?.reservation, 'memory.soft_limit_in_bytes', decimal),
  row(
    'memory.disableOOMKiller',
    'memory',
    r => r.memory?.disableOOMKiller,
    'memory.oom_control',
    () => '1',
  ),
  always('memory.swappiness', 'memory', swappiness, 'memory.swappiness', decimal),
  shares,
  row('cpu.period', 'cpu', r => r.cpu?.period, 'cpu.cfs_period_us', decimal, { again: true }),
  always('cpu.burst', 'cpu', r => r.cpu?.burst, 'cpu.cfs_burst_us', decimal, { again: true, fine: ['ENOENT'] }),
  row('cpu.quota', 'cpu', r => r.cpu?.quota, 'cpu.cfs_quota_us', decimal),
  always('cpu.idle', 'cpu', r => r.cpu?.idle, 'cpu.idle', decimal),
  row('cpu.realtimePeriod', 'cpu', r => r.cpu?.realtimePeriod, 'cpu.rt_period_us', decimal, { again: true }),
  row('cpu.realtimeRuntime', 'cpu', r => r.cpu?.realtimeRuntime, 'cpu.rt_runtime_us', decimal),
  always('pids.limit', 'pids', r => r.pids?.limit, 'pids.max', pidsMax),
  blockWeight,
  row('blockIO.leafWeight', 'blkio', r => r.blockIO?.leafWeight, 'blkio.leaf_weight', decimal),
  each('blockIO.weightDevice', 'blkio', r => r.blockIO?.weightDevice, weightDevice),
  throttle('throttleReadBpsDevice', r => r.blockIO?.throttleReadBpsDevice, 'blkio.throttle.read_bps_device'),
  throttle('throttleWriteBpsDevice', r => r.blockIO?.throttleWriteBpsDevice, 'blkio.throttle.write_bps_device'),
  throttle('throttleReadIOPSDevice', r => r.blockIO?.throttleReadIOPSDevice, 'blkio.throttle.read_iops_device'),
  throttle('throttleWriteIOPSDevice', r => r.blockIO?.throttleWriteIOPSDevice, 'blkio.throttle.write_iops_device'),
  hugepages('limit_in_bytes'),
  row('network.classID', 'net_cls', r => r.network?.classID, 'net_cls.classid', decimal),
  each(
    'network.priorities',
    'net_prio',
    r => r.network?.priorities,
    ({ name, priority }) => [{ file: 'net_prio.ifpriomap', value: `${name} ${priority}` }],
  ),
  rdmaWrites,
]

/** What a config's resources are on cgroup v1, in the order of writing. Throws `CONFIG_INVALID`. config-linux.md § Control groups. */
export function v1Writes(resources: Resources): Write[] {
  if (Object.keys(resources.unified ?? {}).length > 0) {
    const where = 'linux.resources.unified'
    throw new RuntimeError('CONFIG_INVALID', `${where}: cannot be had on cgroup v1`, {
      where,
      want: 'cgroup v2',
      got: 'v1',
    })
  }
  return TABLE.flatMap(write => write(resources))
}

// An idle cgroup has no weight, and the kernel refuses to be given one; one that wakes up takes it afterwards.
function shares(resources: Resources): Write[] {
  const fine = resources.cpu?.idle === 1 ? ['EINVAL'] : undefined
  return row('cpu.shares', 'cpu', r => r.cpu?.shares, 'cpu.shares', decimal, { exact: true, again: true, fine })(
    resources,
  )
}

function unlimited({ memory }: Resources): number | undefined {
  return memory?.limit === -1 && !memory.swap ? -1 : undefined
}

function swappiness({ memory }: Resources): number | undefined {
  const value = memory?.swappiness ?? undefined
  // -1 is how Docker says "not given".
  if (value === undefined || value === -1) return undefined
  if (value >= 0 && value <= 100) return value
  const where = 'linux.resources.memory.swappiness'
  throw new RuntimeError('CONFIG_INVALID', `${where}: ${value} (want 0 to 100)`, {
    where,
    want: '0 to 100',
    got: value,
  })
}

// The file is named after the scheduler: CFQ's until Linux 5.0, then BFQ's.
function blockWeight({ blockIO }: Resources): Write[] {
  if (!blockIO?.weight) return []
  const value = decimal(blockIO.weight)
  const at = 'linux.resources.blockIO.weight'
  return [{ at, controller: 'blkio', file: 'blkio.weight', value, instead: { file: 'blkio.bfq.weight', value } }]
}

type WeightDevice = NonNullable<NonNullable<Resources['blockIO']>['weightDevice']>[number]

function weightDevice({ major, minor, weight, leafWeight }: WeightDevice) {
  const value = `${major}:${minor} ${weight}`
  const own = { file: 'blkio.weight_device', value, instead: { file: 'blkio.bfq.weight_device', value } }
  const leaf = { file: 'blkio.leaf_weight_device', value: `${major}:${minor} ${leafWeight}` }
  return [...(weight ? [own] : []), ...(leafWeight ? [leaf] : [])]
}
