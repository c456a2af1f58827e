import { readFileSync, readlinkSync } from 'node:fs'
import { isSystemError } from '../../errors.ts'

/** What tells one process from another that has its number later. proc_pid_stat(5) */
export interface ProcessStat {
  /** `R`, `S`, `Z` … */
  readonly state: string
  /** In clock ticks after the machine's start. */
  readonly startTime: number
}

/** The process of that number; undefined when there is none. */
export function processStat(pid: number): ProcessStat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The name is in brackets and may hold brackets and spaces itself; what follows the last bracket does not.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { state: fields[0]!, startTime: Number(fields[19]) }
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ESRCH')) return undefined
    throw error
  }
}

/** Whether that very process still runs. A zombie does not: nobody has asked how it ended, that is all. */
export function isAlive(pid: number, startTime: number): boolean {
  const found = pid > 0 ? processStat(pid) : undefined
  return found !== undefined && found.startTime === startTime && found.state !== 'Z' && found.state !== 'X'
}

/** Whether what runs in it is still native/init, and not yet the container's program; undefined when we may not know. */
export function isStillInit(pid: number): boolean | undefined {
  try {
    return readlinkSync(`/proc/${pid}/exe`).startsWith('/memfd:ocirun-init')
  } catch {
    return undefined
  }
}
