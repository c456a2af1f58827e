import { readControl } from './controlFile.ts'
import { hugepageSizes } from './hugepageSizes.ts'
import {
  type BlockEntry,
  blockEntries,
  exact,
  type MemoryUse,
  memoryEntry,
  parseCount,
  rawMap,
  readCount,
  readCounts,
  type Stats,
  some,
} from './statsShape.ts'

type Folders = Readonly<Record<string, string>>

// cpuacct.stat counts in USER_HZ, which is 100 on every Linux that runs Node.
const NANOSECONDS_A_TICK = 10_000_000n

/** What a container uses, of cgroup v1: Documentation/admin-guide/cgroup-v1 of the kernel. */
export function v1Stats(folders: Folders): Stats {
  return {
    cpu: cpu(folders.cpuacct, folders.cpu),
    cpuset: cpuset(folders.cpuset),
    memory: memory(folders.memory),
    pids: folders.pids === undefined ? {} : pids(folders.pids),
    blkio: folders.blkio === undefined ? {} : blkio(folders.blkio),
    hugetlb: folders.hugetlb === undefined ? {} : hugetlb(folders.hugetlb),
  }
}

function cpu(usage: string | undefined, throttling: string | undefined): object {
  const ticks = usage === undefined ? undefined : readCounts(usage, 'cpuacct.stat')
  const throttled = throttling === undefined ? undefined : readCounts(throttling, 'cpu.stat')
  return {
    usage: {
      total: usage === undefined ? undefined : some(readCount(usage, 'cpuacct.usage')),
      ...(usage === undefined ? {} : perCpu(usage)),
      kernel: exact((ticks?.get('system') ?? 0n) * NANOSECONDS_A_TICK),
      user: exact((ticks?.get('user') ?? 0n) * NANOSECONDS_A_TICK),
    },
    throttling: {
      periods: some(throttled?.get('nr_periods')),
      throttledPeriods: some(throttled?.get('nr_throttled')),
      throttledTime: some(throttled?.get('throttled_time')),
    },
  }
}

// `cpuacct.usage_all` has a line for each: CPU, user, system.
function perCpu(folder: string): object {
  const all = (readControl(folder, 'cpuacct.usage_all') ?? '').split('\n').slice(1)
  const column = (index: number) => list(all.map(line => line.split(' ')[index]))
  return {
    percpu: list((readControl(folder, 'cpuacct.usage_percpu') ?? '').split(/\s+/)),
    percpu_kernel: column(2),
    percpu_user: column(1),
  }
}

function list(texts: (string | undefined)[]) {
  const counts = texts.map(parseCount).filter(count => count !== undefined)
  return counts.length === 0 ? undefined : counts.map(exact)
}

function cpuset(folder: string | undefined): object {
  const text = (file: string) => (folder === undefined ? '' : (readControl(folder, `cpuset.${file}`) ?? ''))
  const number = (file: string) => Number(text(file))
  return {
    cpus: numbersOf(text('cpus')),
    cpu_exclusive: number('cpu_exclusive'),
    mems: numbersOf(text('mems')),
    mem_hardwall: number('mem_hardwall'),
    mem_exclusive: number('mem_exclusive'),
    memory_migrate: number('memory_migrate'),
    memory_spread_page: number('memory_spread_page'),
    memory_spread_slab: number('memory_spread_slab'),
    memory_pressure: number('memory_pressure'),
    sched_load_balance: number('sched_load_balance'),
    sched_relax_domain_level: number('sched_relax_domain_level'),
  }
}

/** The numbers of a list such as `0-3,7`; nothing when there are none. cpuset(7) § List format. */
export function numbersOf(text: string): number[] | undefined {
  if (text === '') return undefined
  return text.split(',').flatMap(range => {
    const [from = 0, to = from] = range.split('-').map(Number)
    return Array.from({ length: to - from + 1 }, (_, index) => from + index)
  })
}

function memory(folder: string | undefined): object {
  const counts = folder === undefined ? new Map<string, bigint>() : readCounts(folder, 'memory.stat')
  const use = (name: string) => memoryEntry(folder === undefined ? {} : memoryUse(folder, name))
  return {
    cache: some(counts.get('cache')),
    usage: use('memory'),
    swap: use('memory.memsw'),
    kernel: use('memory.kmem'),
    kernelTCP: use('memory.kmem.tcp'),
    raw: rawMap(counts),
  }
}

function memoryUse(folder: string, name: string): MemoryUse {
  return {
    limit: readCount(folder, `${name}.limit_in_bytes`),
    usage: readCount(folder, `${name}.usage_in_bytes`),
    max: readCount(folder, `${name}.max_usage_in_bytes`),
    failcnt: readCount(folder, `${name}.failcnt`),
  }
}

function pids(folder: string): object {
  const limit = readControl(folder, 'pids.max')
  return {
    current: some(readCount(folder, 'pids.current')),
    limit: limit === 'max' ? undefined : some(parseCount(limit)),
  }
}

// Which files there are depends on the scheduler; in each family all or the first few, and the first that says anything
// has it all.
const BLOCK_FAMILIES = ['bfq.', '', 'throttle.']
const BLOCK_FILES: readonly [key: string, file: string][] = [
  ['ioServiceBytesRecursive', 'io_service_bytes'],
  ['ioServicedRecursive', 'io_serviced'],
  ['ioQueueRecursive', 'io_queued'],
  ['ioServiceTimeRecursive', 'io_service_time'],
  ['ioWaitTimeRecursive', 'io_wait_time'],
  ['ioMergedRecursive', 'io_merged'],
  ['ioTimeRecursive', 'time'],
  ['sectorsRecursive', 'sectors'],
]

function blkio(folder: string): object {
  const family = (name: string, suffix: string) => {
    const found = BLOCK_FILES.map(([key, file]) => [key, blockList(folder, `blkio.${name}${file}${suffix}`)] as const)
    return Object.fromEntries(found.map(([key, entries]) => [key, blockEntries(entries)]))
  }
  const families = [...BLOCK_FAMILIES.map(name => family(name, '_recursive')), family('throttle.', '')]
  return families.find(({ ioServicedRecursive }) => ioServicedRecursive !== undefined) ?? {}
}

// `8:0 Read 1282048`, or `8:0 6792`; the last line is the sum.
function blockList(folder: string, file: string): BlockEntry[] {
  const lines = (readControl(folder, file) ?? '').split('\n')
  return lines.flatMap(line => {
    const parts = /^(\d+):(\d+) (?:([A-Za-z]+) )?(\d+)$/.exec(line)
    if (!parts) return []
    const [, major, minor, op, value] = parts
    return [{ major: BigInt(major!), minor: BigInt(minor!), op, value: BigInt(value!) }]
  })
}

function hugetlb(folder: string): object {
  const sizes = hugepageSizes().flatMap(size => {
    const name = [`hugetlb.${size}.rsvd`, `hugetlb.${size}`].find(
      prefix => readControl(folder, `${prefix}.usage_in_bytes`) !== undefined,
    )
    if (name === undefined) return []
    const { usage, max, failcnt } = memoryUse(folder, name)
    return [[size, { usage: some(usage), max: some(max), failcnt: exact(failcnt) }]]
  })
  return Object.fromEntries(sizes)
}
