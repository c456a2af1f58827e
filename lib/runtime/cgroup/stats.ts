import { readControl, readPairs } from './controlFile.ts'
import type { CgroupPaths } from './paths.ts'

/** What `runc events --stats` prints under "data". Times are nanoseconds, sizes bytes. */
export function cgroupStats(paths: CgroupPaths): object {
  const stats = paths.mode === 'v2' ? v2Stats(paths.folders.unified!) : v1Stats(paths)
  return { ...stats, blkio: {}, hugetlb: {}, intel_rdt: {}, network_interfaces: null }
}

/** How many of its processes the kernel has killed for want of memory. */
export function oomKills({ folders, mode }: CgroupPaths): number {
  const [folder, file] = mode === 'v2' ? [folders.unified, 'memory.events'] : [folders.memory, 'memory.oom_control']
  return folder === undefined ? 0 : Number(readPairs(folder, file).get('oom_kill') ?? 0)
}

const MILLION = 1_000_000
const MICROSECOND = 1000

function v1Stats({ folders }: CgroupPaths): object {
  const { cpu, cpuacct, memory, pids } = folders
  const throttled = pairs(cpu, 'cpu.stat')
  const perCpu = text(cpuacct, 'cpuacct.usage_percpu').split(' ').filter(Boolean).map(Number)
  // In ticks, of which there are a hundred in a second wherever Linux runs today.
  const ticks = pairs(cpuacct, 'cpuacct.stat')
  const raw = pairs(memory, 'memory.stat')
  return {
    cpu: {
      usage: {
        total: number(cpuacct, 'cpuacct.usage'),
        percpu: perCpu,
        kernel: (ticks.system ?? 0) * 10 * MILLION,
        user: (ticks.user ?? 0) * 10 * MILLION,
      },
      throttling: {
        periods: throttled.nr_periods,
        throttledPeriods: throttled.nr_throttled,
        throttledTime: throttled.throttled_time,
      },
    },
    memory: {
      cache: raw.cache,
      usage: v1Memory(memory, 'memory'),
      swap: v1Memory(memory, 'memory.memsw'),
      kernel: v1Memory(memory, 'memory.kmem'),
      kernelTCP: v1Memory(memory, 'memory.kmem.tcp'),
      raw,
    },
    pids: { current: number(pids, 'pids.current'), limit: number(pids, 'pids.max') },
  }
}

function v1Memory(folder: string | undefined, name: string): object {
  return {
    limit: number(folder, `${name}.limit_in_bytes`),
    usage: number(folder, `${name}.usage_in_bytes`),
    max: number(folder, `${name}.max_usage_in_bytes`),
    failcnt: number(folder, `${name}.failcnt`),
  }
}

function v2Stats(folder: string): object {
  const cpu = pairs(folder, 'cpu.stat')
  const raw = pairs(folder, 'memory.stat')
  const use = (name: string) => ({
    limit: number(folder, `${name}.max`),
    usage: number(folder, `${name}.current`),
    max: number(folder, `${name}.peak`),
    failcnt: 0,
  })
  return {
    cpu: {
      usage: {
        total: (cpu.usage_usec ?? 0) * MICROSECOND,
        kernel: (cpu.system_usec ?? 0) * MICROSECOND,
        user: (cpu.user_usec ?? 0) * MICROSECOND,
      },
      throttling: {
        periods: cpu.nr_periods,
        throttledPeriods: cpu.nr_throttled,
        throttledTime: (cpu.throttled_usec ?? 0) * MICROSECOND,
      },
    },
    memory: { cache: raw.file, usage: use('memory'), swap: use('memory.swap'), kernel: {}, kernelTCP: {}, raw },
    pids: { current: number(folder, 'pids.current'), limit: number(folder, 'pids.max') },
  }
}

function text(folder: string | undefined, file: string): string {
  return folder === undefined ? '' : (readControl(folder, file) ?? '')
}

/** `max` is no limit, and Go's programs write that as 0. */
function number(folder: string | undefined, file: string): number {
  const said = text(folder, file)
  return said === 'max' ? 0 : Number(said)
}

function pairs(folder: string | undefined, file: string): Record<string, number> {
  if (folder === undefined) return {}
  return Object.fromEntries([...readPairs(folder, file)].map(([key, value]) => [key, Number(value)]))
}
