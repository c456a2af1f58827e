import { existsSync } from 'node:fs'
import { emitWarning } from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { isOciError, isSystemError, RuntimeError } from '../../errors.ts'
import { cgroupPaths, freeze, isFrozen, killAll, processesIn, removeCgroups } from '../cgroup/cgroup.ts'
import { signalNumber } from '../plan/process.ts'
import { runLastHooks } from './hooks.ts'
import { isAlive } from './processTable.ts'
import { dropState, loadFirstState, loadState, publicState, type SavedState, statePaths, statusOf } from './state.ts'

const PATIENCE = 10_000

/**
 * Sends a signal to a container's first process, or to all in it. ≙ `runc kill`
 * Throws `CONTAINER_WRONG_STATUS` for one that is stopped, `ARGUMENT_INVALID` for a signal nobody knows.
 */
export function killContainer(root: string, id: string, signal = 'SIGTERM', { all = false } = {}): void {
  const number = signalNumber(signal)
  if (number === undefined)
    throw new RuntimeError('ARGUMENT_INVALID', `unknown signal ${JSON.stringify(signal)}`, { got: signal })
  const saved = loadState(root, id)
  const status = statusOf(saved, statePaths(root, id).fifo)
  if (all) {
    killAll(saved.cgroups, number)
    return
  }
  if (status === 'stopped') {
    // One that shares our processes may have left some.
    if (number === 9 && !hasOwnPids(saved) && processesIn(saved.cgroups).length > 0) {
      killAll(saved.cgroups, number)
      return
    }
    throw new RuntimeError('CONTAINER_WRONG_STATUS', 'container not running', { want: 'running', got: status })
  }
  signalInit(saved, number)
  // One that shares our processes has nobody who takes its children along.
  if (number === 9 && !hasOwnPids(saved)) killAll(saved.cgroups, number)
  // What is frozen hears of its end only when it thaws.
  if (number === 9 && status === 'paused') freeze(saved.cgroups, false)
}

function signalInit({ pid, startTime }: SavedState, signal: number): void {
  try {
    if (isAlive(pid, startTime)) process.kill(pid, signal)
  } catch (error) {
    if (!isSystemError(error, 'ESRCH')) throw error
  }
}

function hasOwnPids({ config }: SavedState): boolean {
  return config.linux?.namespaces?.some(({ type, path }) => type === 'pid' && path === undefined) ?? false
}

export interface DeleteOptions {
  force?: boolean
  /** Hears of poststop hooks that failed; unless given, Node's own warnings do. */
  warn?(message: string): void
}

/**
 * Takes away what a container has left: cgroups, state; then its poststop hooks. ≙ `runc delete`; runtime.md § Delete
 * Throws `CONTAINER_WRONG_STATUS` while it runs, unless forced. Forced, it is at peace with whatever it finds.
 */
export async function deleteContainer(
  root: string,
  id: string,
  { force = false, warn = emitWarning }: DeleteOptions = {},
): Promise<void> {
  const saved = force ? loadAnyState(root, id) : loadState(root, id)
  if (!saved) {
    // Where there never was a state nothing has been made, and what has the same name is another's.
    if (existsSync(statePaths(root, id).file)) clearByName(id)
    return dropState(root, id)
  }
  const { fifo } = statePaths(root, id)
  const status = statusOf(saved, fifo)
  if (status !== 'stopped') {
    // One that was never started has nothing to lose.
    if (!force && status !== 'created')
      throw new RuntimeError('CONTAINER_WRONG_STATUS', `cannot delete container ${id} that is not stopped: ${status}`, {
        want: 'stopped',
        got: status,
      })
    await endProcesses(saved)
  } else if (saved.pid === 0 || !hasOwnPids(saved)) killAll(saved.cgroups, 9)
  removeCgroups(saved.cgroups)
  dropState(root, id)
  await runLastHooks(saved.config.hooks?.poststop, { ...publicState(saved, 'stopped'), pid: 0 }, warn)
}

async function endProcesses(saved: SavedState): Promise<void> {
  signalInit(saved, 9)
  killAll(saved.cgroups, 9)
  if (isFrozen(saved.cgroups)) freeze(saved.cgroups, false)
  const deadline = Date.now() + PATIENCE
  for (let wait = 1; isAlive(saved.pid, saved.startTime); wait = Math.min(wait * 2, 50)) {
    if (Date.now() > deadline)
      throw new RuntimeError('TIMEOUT', `${saved.id}: its process ${saved.pid} is still there after SIGKILL`, {
        where: saved.id,
        got: saved.pid,
      })
    await sleep(wait)
  }
}

/** Where nothing is known of a container but its id: what is in the cgroups it would have had, had it asked for none. */
function clearByName(id: string): void {
  const cgroups = cgroupPaths(undefined, id)
  killAll(cgroups, 9)
  removeCgroups(cgroups)
}

/** A state that cannot be read is no reason to keep it. */
function loadAnyState(root: string, id: string): SavedState | undefined {
  try {
    return loadState(root, id)
  } catch (error) {
    if (isOciError(error, 'CONTAINER_UNKNOWN') || isOciError(error, 'CONFIG_INVALID')) return loadFirstState(root, id)
    throw error
  }
}
