import { readFileSync, readlinkSync } from 'node:fs'

/**
 * Which process a temporary file belongs to, as text without slashes: `PIDNS.PID.START`.
 * The start time tells it from a later process with the same pid, the namespace from one in a container.
 */
export function ownMark(): string {
  return `${pidNamespace()}.${process.pid}.${startTime(process.pid) ?? 0}`
}

/** True when the process of the mark has ended, so that nobody will come back for what it left. */
export function isGone(mark: string): boolean {
  return ownerState(mark) === 'gone'
}

/** Whether the process of a mark runs; `unknown` where it cannot be seen from here: a process of another container. */
export function ownerState(mark: string): 'alive' | 'gone' | 'unknown' {
  const [namespace, pid, start] = mark.split('.')
  if (start === undefined || namespace !== pidNamespace()) return 'unknown'
  const now = startTime(Number(pid))
  const runs = now === undefined ? isAlive(Number(pid)) : now === start
  return runs ? 'alive' : 'gone'
}

function pidNamespace(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0'
  } catch {
    // Not Linux: there is one namespace only.
    return '0'
  }
}

/** In clock ticks after boot: field 22 of /proc/PID/stat, counted from behind the name, which may hold spaces. */
function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
