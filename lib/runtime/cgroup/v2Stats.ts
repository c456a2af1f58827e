import { readControl } from './controlFile.ts'
import { hugepageSizes } from './hugepageSizes.ts'
import {
  type BlockEntry,
  blockEntries,
  exact,
  memoryEntry,
  NO_LIMIT,
  parseCount,
  rawMap,
  readCount,
  readCounts,
  type Stats,
  some,
} from './statsShape.ts'

/** What a container uses, of cgroup v2, under the names v1 has for it: Documentation/admin-guide/cgroup-v2.rst of the kernel. */
export function v2Stats(folder: string): Stats {
  return {
    cpu: cpu(folder),
    cpuset: NO_CPUSET,
    memory: memory(folder),
    pids: pids(folder),
    blkio: blkio(folder),
    hugetlb: hugetlb(folder),
  }
}

// Only v1 has these, but runc prints them.
const NO_CPUSET = {
  cpu_exclusive: 0,
  mem_hardwall: 0,
  mem_exclusive: 0,
  memory_migrate: 0,
  memory_spread_page: 0,
  memory_spread_slab: 0,
  memory_pressure: 0,
  sched_load_balance: 0,
  sched_relax_domain_level: 0,
}

function cpu(folder: string): object {
  const counts = readCounts(folder, 'cpu.stat')
  const nanoseconds = (key: string) => (counts.get(key) ?? 0n) * 1000n
  return {
    usage: {
      total: some(nanoseconds('usage_usec')),
      kernel: exact(nanoseconds('system_usec')),
      user: exact(nanoseconds('user_usec')),
    },
    throttling: {
      periods: some(counts.get('nr_periods')),
      throttledPeriods: some(counts.get('nr_throttled')),
      throttledTime: some(nanoseconds('throttled_usec')),
    },
    psi: pressure(folder, 'cpu.pressure'),
  }
}

function memory(folder: string): object {
  const counts = readCounts(folder, 'memory.stat')
  const usage = readCount(folder, 'memory.current')
  const limit = readCount(folder, 'memory.max')
  return {
    cache: some(counts.get('file')),
    usage: memoryEntry({ limit, usage, max: readCount(folder, 'memory.peak') }),
    swap: memoryEntry(swapToo(folder, usage ?? 0n, limit ?? 0n)),
    kernel: memoryEntry({}),
    kernelTCP: memoryEntry({}),
    raw: rawMap(counts),
    psi: pressure(folder, 'memory.pressure'),
  }
}

// v1 counts memory and swap together.
function swapToo(folder: string, memory: bigint, memoryLimit: bigint) {
  const limit = readCount(folder, 'memory.swap.max') ?? 0n
  const swap = readCount(folder, 'memory.swap.current') ?? 0n
  const unlimited = limit === NO_LIMIT || memoryLimit === NO_LIMIT
  return { usage: memory + swap, limit: unlimited ? NO_LIMIT : limit + memoryLimit }
}

function pids(folder: string): object {
  const current = readCount(folder, 'pids.current')
  if (current === undefined) return { current: some(BigInt(processCount(folder))) }
  const limit = readControl(folder, 'pids.max')
  return { current: some(current), limit: limit === 'max' ? undefined : some(parseCount(limit)) }
}

function processCount(folder: string): number {
  const text = readControl(folder, 'cgroup.procs') ?? readControl(folder, 'cgroup.threads') ?? ''
  return text.split('\n').filter(line => line !== '').length
}

const IO_KEYS: readonly [key: string, op: string, list: string][] = [
  ['rbytes', 'Read', 'ioServiceBytesRecursive'],
  ['wbytes', 'Write', 'ioServiceBytesRecursive'],
  ['rios', 'Read', 'ioServicedRecursive'],
  ['wios', 'Write', 'ioServicedRecursive'],
]

// `8:0 rbytes=1459200 wbytes=314773504 rios=192 wios=353 dbytes=0 dios=0`
function blkio(folder: string): object {
  const lists: Record<string, BlockEntry[]> = { ioServiceBytesRecursive: [], ioServicedRecursive: [] }
  for (const line of (readControl(folder, 'io.stat') ?? '').split('\n')) {
    const [device, ...pairs] = line.split(' ')
    const [major, minor] = (device ?? '').split(':').map(parseCount)
    if (major === undefined || minor === undefined) continue
    for (const pair of pairs) {
      const [key, text] = pair.split('=')
      const [, op, list] = IO_KEYS.find(([name]) => name === key) ?? []
      const value = parseCount(text)
      if (list !== undefined && value !== undefined) lists[list]!.push({ major, minor, op, value })
    }
  }
  return {
    ioServiceBytesRecursive: blockEntries(lists.ioServiceBytesRecursive),
    ioServicedRecursive: blockEntries(lists.ioServicedRecursive),
    psi: pressure(folder, 'io.pressure'),
  }
}

function hugetlb(folder: string): object {
  const sizes = hugepageSizes().flatMap(size => {
    const usage = readCount(folder, `hugetlb.${size}.rsvd.current`) ?? readCount(folder, `hugetlb.${size}.current`)
    if (usage === undefined) return []
    return [[size, { usage: some(usage), failcnt: exact(readCounts(folder, `hugetlb.${size}.events`).get('max')) }]]
  })
  return Object.fromEntries(sizes)
}

// `some avg10=0.00 avg60=0.00 avg300=0.00 total=0`, and `full …`: Documentation/accounting/psi.rst.
function pressure(folder: string, file: string): object | undefined {
  const text = readControl(folder, file)
  if (!text) return undefined
  const nothing = { avg10: 0, avg60: 0, avg300: 0, total: 0 }
  const lines = text.split('\n').map((line): [string, object] => {
    const [kind = '', ...pairs] = line.split(' ')
    const values = pairs.map(pair => pair.split('=')).map(([key, value]) => [key, Number(value)])
    return [kind, { ...nothing, ...Object.fromEntries(values) }]
  })
  return { some: nothing, full: nothing, ...Object.fromEntries(lines) }
}
