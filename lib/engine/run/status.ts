import { isOciError } from '../../errors.ts'
import { isAlive } from '../../runtime/container/processTable.ts'
import { loadState, statusOf as runtimeStatusOf, statePaths } from '../../runtime/container/state.ts'
import type { ContainerRecord, RecordedState } from './record.ts'
import type { Home } from './store.ts'

/** How a container is now. */
export interface Status extends Omit<RecordedState, 'status'> {
  readonly status: 'created' | 'running' | 'paused' | 'exited'
  /** 0 when it does not run. */
  readonly pid: number
}

/** Asks the kernel: what is written of a container whose supervisor was killed, or before a restart of the machine, is old. */
export function statusOf(home: Home, record: ContainerRecord): Status {
  const { state } = record
  if (state.status !== 'running') return { ...state, status: state.status, pid: 0 }
  const { pid, status } = inRuntime(home, record.id)
  if (status === 'paused') return { ...state, status, pid }
  if (status === 'running' || hasSupervisor(record)) return { ...state, status: 'running', pid }
  // Nobody heard how it ended. Docker says 255 then, too.
  return { ...state, status: 'exited', exitCode: 255, pid: 0 }
}

/** True while somebody stays with it. */
export function hasSupervisor({ state: { supervisor } }: ContainerRecord): boolean {
  return supervisor !== undefined && isAlive(supervisor.pid, supervisor.startTime)
}

function inRuntime({ runtimeRoot }: Home, id: string): { pid: number; status: string } {
  try {
    const saved = loadState(runtimeRoot, id)
    return { pid: saved.pid, status: runtimeStatusOf(saved, statePaths(runtimeRoot, id).fifo) }
  } catch (error) {
    if (isOciError(error, 'CONTAINER_UNKNOWN') || isOciError(error, 'CONFIG_INVALID')) return { pid: 0, status: 'none' }
    throw error
  }
}
