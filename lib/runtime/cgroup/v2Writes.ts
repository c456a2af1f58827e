import { RuntimeError } from '../../errors.ts'
import type { Resources, ThrottleDevice } from '../../spec/linuxConfig.ts'
import {
  always,
  decimal,
  each,
  hugepages,
  pidsMax,
  type Read,
  type Row,
  rdmaWrites,
  row,
  type Write,
} from './writes.ts'

const limit = (bytes: number) => (bytes < 0 ? 'max' : decimal(bytes))

const throttle = (at: string, asked: (r: Resources) => ThrottleDevice[] | undefined, key: string): Row =>
  each(`blockIO.${at}`, 'io', asked, ({ major, minor, rate }) => [
    // On v1 a rate of 0 takes the limit away.
    { file: 'io.max', value: `${major}:${minor} ${key}=${rate === 0 ? 'max' : decimal(rate)}` },
  ])

// In the order of writing. Not written, as on v1: memory.kernel, memory.kernelTCP, memory.useHierarchy.
const table = (read: Read): Row[] => [
  always('pids.limit', 'pids', r => r.pids?.limit, 'pids.max', pidsMax),
  r => swapWrites(r, read),
  row('memory.limit', 'memory', r => r.memory?.limit, 'memory.max', limit),
  row('memory.reservation', 'memory', r => r.memory?.reservation, 'memory.low', limit),
  blockWeight,
  each('blockIO.weightDevice', 'io', r => r.blockIO?.weightDevice, weightDevice),
  throttle('throttleReadBpsDevice', r => r.blockIO?.throttleReadBpsDevice, 'rbps'),
  throttle('throttleWriteBpsDevice', r => r.blockIO?.throttleWriteBpsDevice, 'wbps'),
  throttle('throttleReadIOPSDevice', r => r.blockIO?.throttleReadIOPSDevice, 'riops'),
  throttle('throttleWriteIOPSDevice', r => r.blockIO?.throttleWriteIOPSDevice, 'wiops'),
  weight,
  always('cpu.burst', 'cpu', r => r.cpu?.burst, 'cpu.max.burst', decimal, { again: true }),
  r => cpuMax(r, read),
  always('cpu.idle', 'cpu', r => r.cpu?.idle, 'cpu.idle', decimal),
  row('cpu.cpus', 'cpuset', r => r.cpu?.cpus, 'cpuset.cpus', String),
  row('cpu.mems', 'cpuset', r => r.cpu?.mems, 'cpuset.mems', String),
  hugepages('max'),
  rdmaWrites,
  unified,
]

/**
 * What a config's resources are on cgroup v2, in the order of writing; `read` tells what is set now. Throws
 * `CONFIG_INVALID`, and `UNSUPPORTED` for what v2 has nothing for. config-linux.md § Control groups, § Unified.
 */
export function v2Writes(resources: Resources, read: Read): Write[] {
  refuseOnlyV1(resources)
  return table(read).flatMap(write => write(resources))
}

/**
 * cpu.weight of cpu.shares: runc's curve through the least, the usual and the greatest values
 * (2, 1024, 262144 shares are weights 1, 100, 10000).
 */
export function cpuWeight(shares: number): number {
  if (shares <= 2) return 1
  if (shares >= 262144) return 10000
  const log = Math.log2(shares)
  return Math.ceil(10 ** ((log * log + 125 * log) / 612 - 7 / 34))
}

/** io.weight (1 to 10000) of blockIO.weight (10 to 1000). */
export function ioWeight(blkioWeight: number): number {
  return 1 + Math.floor(((Math.max(blkioWeight, 10) - 10) * 9999) / 990)
}

// An idle cgroup has no weight, and the kernel refuses to be given one; one that wakes up takes it afterwards.
function weight(resources: Resources): Write[] {
  const fine = resources.cpu?.idle === 1 ? ['EINVAL'] : undefined
  const shares = (r: Resources) => r.cpu?.shares
  const convert = (value: number) => String(cpuWeight(value))
  return row('cpu.shares', 'cpu', shares, 'cpu.weight', convert, { again: true, fine })(resources)
}

// The one file has both: what is not asked for stays as it is.
function cpuMax({ cpu }: Resources, read: Read): Write[] {
  if (!cpu?.quota && !cpu?.period) return []
  const now = read('cpu', 'cpu.max')?.split(' ')[0] || 'max'
  const quota = cpu.quota ? limit(cpu.quota) : now
  const value = cpu.period ? `${quota} ${decimal(cpu.period)}` : quota
  const at = `linux.resources.cpu.${cpu.quota ? 'quota' : 'period'}`
  return [{ at, controller: 'cpu', file: 'cpu.max', value }]
}

// On v1 swap is memory and swap together, on v2 swap alone.
function swapWrites({ memory }: Resources, read: Read): Write[] {
  const at = 'linux.resources.memory.swap'
  const value = memory && swapAlone(memory.swap ?? 0, memory.limit || Number(read('memory', 'memory.max')) || 0, at)
  if (value === undefined) return []
  // Where the kernel counts no swap, none and no limit are both so already.
  const fine = value === 'max' || value === '0' ? ['ENOENT'] : undefined
  return [{ at, controller: 'memory', file: 'memory.swap.max', value, fine }]
}

function swapAlone(swap: number, memory: number, where: string): string | undefined {
  if (swap === 0) return memory === -1 ? 'max' : undefined
  if (swap < 0) return 'max'
  if (memory === -1) return decimal(swap)
  if (memory > 0 && swap >= memory) return decimal(swap - memory)
  const want = memory > 0 ? `at least memory.limit, ${memory}` : 'a memory.limit beside it'
  throw new RuntimeError('CONFIG_INVALID', `${where}: ${swap} (want ${want})`, { where, want, got: swap })
}

// BFQ takes v1's weights as they are; the other schedulers have v2's own.
function blockWeight({ blockIO }: Resources): Write[] {
  if (!blockIO?.weight) return []
  const instead = { file: 'io.weight', value: String(ioWeight(blockIO.weight)) }
  const at = 'linux.resources.blockIO.weight'
  return [{ at, controller: 'io', file: 'io.bfq.weight', value: decimal(blockIO.weight), instead }]
}

type WeightDevice = NonNullable<NonNullable<Resources['blockIO']>['weightDevice']>[number]

function weightDevice({ major, minor, weight }: WeightDevice) {
  if (!weight) return []
  const instead = { file: 'io.weight', value: `${major}:${minor} ${ioWeight(weight)}` }
  return [{ file: 'io.bfq.weight', value: `${major}:${minor} ${weight}`, instead }]
}

function unified({ unified }: Resources): Write[] {
  return Object.entries(unified ?? {}).flatMap(([file, text]) => {
    const at = `linux.resources.unified["${file}"]`
    const [controller, parameter] = file.split('.')
    if (file.includes('/') || !controller || !parameter) {
      const want = 'CONTROLLER.PARAMETER, without a slash'
      throw new RuntimeError('CONFIG_INVALID', `${at}: not a file of a cgroup (want ${want})`, {
        where: at,
        want,
        got: file,
      })
    }
    // The kernel takes one line in one write.
    const lines = text.split('\n').filter((line, _index, all) => line !== '' || all.length === 1)
    return lines.map(value => ({ at, controller, file, value }))
  })
}

function refuseOnlyV1({ memory, cpu, blockIO, network }: Resources): void {
  const asked: Record<string, unknown> = {
    'memory.swappiness': memory?.swappiness !== -1 && memory?.swappiness != null,
    'memory.disableOOMKiller': memory?.disableOOMKiller,
    'cpu.realtimeRuntime': cpu?.realtimeRuntime,
    'cpu.realtimePeriod': cpu?.realtimePeriod,
    'blockIO.leafWeight': blockIO?.leafWeight,
    'network.classID': network?.classID,
    'network.priorities': network?.priorities?.length,
  }
  const found = Object.keys(asked).find(key => asked[key])
  if (found === undefined) return
  const where = `linux.resources.${found}`
  throw new RuntimeError('UNSUPPORTED', `${where}: cgroup v2 has nothing for it`, {
    where,
    want: 'cgroup v1',
    got: 'cgroup v2',
  })
}
