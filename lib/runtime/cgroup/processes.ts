import { constants } from 'node:os'
import { isSystemError, RuntimeError } from '../../errors.ts'
import { childrenOf, isGone, pause, readControl, writeControl } from './controlFile.ts'
import { freeze, freezerOf, isFrozen } from './freezer.ts'
import { type CgroupPaths, foldersOf } from './paths.ts'

const KILL_ROUNDS = 20

/** The ids of all processes in a container's cgroups and those below them; none when they are not there. */
export function processesIn(paths: CgroupPaths): number[] {
  const found = new Set(foldersOf(paths).flatMap(processesBelow))
  return [...found].sort((a, b) => a - b)
}

/** The ids of the processes in one cgroup and those below it. */
export function processesBelow(folder: string): number[] {
  // A threaded cgroup of v2 does not tell its processes.
  const text = readControl(folder, 'cgroup.procs') ?? readControl(folder, 'cgroup.threads') ?? ''
  // 0 is a process that this pid namespace does not see.
  const here = text
    .split('\n')
    .map(Number)
    .filter(pid => pid > 0)
  return [...here, ...childrenOf(folder).flatMap(processesBelow)]
}

/**
 * Sends a signal, by its number, to every process of a container. None escapes by forking: the kernel does it at once
 * (v2, SIGKILL), or all are frozen meanwhile. A container that was frozen stays so, unless the signal is SIGKILL, which
 * it must wake up for. Throws `NOT_PERMITTED`.
 */
export function killAll(paths: CgroupPaths, signal: number): void {
  const kill = signal === constants.signals.SIGKILL
  const { unified } = paths.folders
  if (kill && unified !== undefined && isKilledWhole(unified) && paths.mode === 'v2') return
  const wasFrozen = freezerOf(paths) !== undefined && isFrozen(paths)
  const frozen = wasFrozen || tryFreeze(paths)
  try {
    signalAll(paths, signal)
    // Without a freezer there may be a new one for each that was killed.
    for (let round = 1; kill && !frozen && round < KILL_ROUNDS && signalAll(paths, signal) > 0; round++) pause(1)
  } finally {
    if (frozen && (kill || !wasFrozen)) freeze(paths, false)
  }
}

/** False where the kernel knows no such file, before 5.14, and where the cgroup has gone with its last process. */
function isKilledWhole(folder: string): boolean {
  try {
    writeControl(folder, 'cgroup.kill', '1')
    return true
  } catch (error) {
    if (isGone(error)) return false
    throw error
  }
}

function signalAll(paths: CgroupPaths, signal: number): number {
  const pids = processesIn(paths)
  for (const pid of pids) signalOne(pid, signal)
  return pids.length
}

function signalOne(pid: number, signal: number): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (isSystemError(error, 'ESRCH')) return
    throw new RuntimeError(
      'NOT_PERMITTED',
      `signal ${signal} to process ${pid}: not allowed`,
      { where: String(pid) },
      { cause: error },
    )
  }
}

// Signals reach a container that cannot be frozen, too; only one that forks all the time may escape some of them.
function tryFreeze(paths: CgroupPaths): boolean {
  if (freezerOf(paths) === undefined) return false
  try {
    freeze(paths, true)
    return true
  } catch {
    return false
  }
}
