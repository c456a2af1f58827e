import { constants } from 'node:fs'
import { SLOT, type Step } from './step.ts'

/** How a new process gets into the cgroups of a container. */
export interface CgroupEntrance {
  /** The folder in the tree of v2: the process is made in it. */
  readonly unified?: string
  /** `tasks` in each folder of v1: the process, which has one thread, puts itself there. */
  readonly tasks: readonly string[]
}

const O_PATH = 0o10000000
const CGROUP2_MAGIC = 0x63677270

/** Before anything is joined: there the host's files may be out of sight. */
export function openCgroups({ unified, tasks }: CgroupEntrance): Step[] {
  const flags = O_PATH | constants.O_DIRECTORY
  return [
    ...(unified === undefined
      ? []
      : [{ op: 'open' as const, path: unified, slot: SLOT.cgroup, flags, magic: CGROUP2_MAGIC }]),
    ...(tasks.length === 0 ? [] : [{ op: 'openCgroups' as const, files: [...tasks] }]),
  ]
}

/**
 * The process enters its cgroups itself. To move another one there the kernel has to be sure that it does not fork
 * meanwhile, for which it waits 5 to 15 ms; who is made there, or moves only itself, need not wait. cgroup_procs_write_start()
 */
export function cloneIntoCgroups(flags: number, { unified, tasks }: CgroupEntrance): Step[] {
  return [
    { op: 'clone', flags, cgroup: unified === undefined ? -1 : SLOT.cgroup },
    ...(tasks.length === 0 ? [] : [{ op: 'enterCgroups' as const, files: [...tasks] }]),
  ]
}
