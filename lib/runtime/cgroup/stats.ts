import { readPairs } from './controlFile.ts'
import type { CgroupPaths } from './paths.ts'
import { parseCount } from './statsShape.ts'
import { v1Stats } from './v1Stats.ts'
import { v2Stats } from './v2Stats.ts'

/**
 * What a container uses, as `runc events --stats` prints it under `data` (runc's types/events.go), for JSON.stringify,
 * which writes its 64-bit numbers exactly. What has no controller here is 0 or left out. Times are nanoseconds.
 */
export function cgroupStats(paths: CgroupPaths): object {
  const { cpu, cpuset, memory, pids, blkio, hugetlb } =
    paths.mode === 'v2' ? v2Stats(paths.folders.unified!) : v1Stats(paths.folders)
  return { cpu, cpuset, memory, pids, blkio, hugetlb, intel_rdt: {}, network_interfaces: null }
}

/** How many processes of a container the kernel has killed for want of memory; 0 where nothing counts them. */
export function oomKills({ mode, folders }: CgroupPaths): number {
  const folder = mode === 'v2' ? folders.unified : folders.memory
  if (folder === undefined) return 0
  const file = mode === 'v2' ? 'memory.events' : 'memory.oom_control'
  return Number(parseCount(readPairs(folder, file).get('oom_kill')) ?? 0)
}
