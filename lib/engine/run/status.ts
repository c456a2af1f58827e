import { setTimeout as sleep } from 'node:timers/promises'
import { isOciError, OciError } from '../../errors.ts'
import { isAlive } from '../../runtime/container/processTable.ts'
import { loadState, statusOf as runtimeStatusOf, type SavedState, statePaths } from '../../runtime/container/state.ts'
import type { ContainerRecord, RecordedState } from './record.ts'
import { type Home, readRecord } from './store.ts'
import { hasSupervisor } from './supervisor.ts'

const POLL = 20
const PATIENCE = 30_000

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

/** Its program is there, frozen or not. */
export function isUp({ status }: Pick<Status, 'status'>): boolean {
  return status === 'running' || status === 'paused'
}

/** Its program has ended, and whoever stayed with it has gone, too; or nothing is known of it any more. */
export function isOver(home: Home, record: ContainerRecord | undefined): boolean {
  return record === undefined || (!hasSupervisor(record) && statusOf(home, record).status !== 'running')
}

/** The container, when nobody is just about to start it; undefined when it is gone. ≙ Docker does one thing at a time with a container */
export async function settled(home: Home, { id }: ContainerRecord): Promise<ContainerRecord | undefined> {
  for (const deadline = Date.now() + PATIENCE; ; await sleep(POLL)) {
    const now = readRecord(home, id)
    const starts = now?.state.status === 'running' && now.state.startedAt === undefined && hasSupervisor(now)
    if (!starts || Date.now() >= deadline) return now
  }
}

/** The container's first process while it is alive. */
export function initOf(home: Home, id: string): { pid: number; startTime: number } | undefined {
  const saved = savedState(home, id)
  return saved && isAlive(saved.pid, saved.startTime) ? saved : undefined
}

/** That it does not run, in Docker's words. */
export function notRunning({ id }: ContainerRecord, got: string, cause?: unknown): OciError {
  return new OciError('CONTAINER_WRONG_STATUS', `container ${id} is not running`, { got }, { cause })
}

function inRuntime(home: Home, id: string): { pid: number; status: string } {
  const saved = savedState(home, id)
  if (!saved) return { pid: 0, status: 'none' }
  return { pid: saved.pid, status: runtimeStatusOf(saved, statePaths(home.runtimeRoot, id).fifo) }
}

/** What the runtime knows of it; nothing of one that is not there, or no more, or whose state is spoiled. */
function savedState({ runtimeRoot }: Home, id: string): SavedState | undefined {
  try {
    return loadState(runtimeRoot, id)
  } catch (error) {
    if (isOciError(error, 'CONTAINER_UNKNOWN') || isOciError(error, 'CONFIG_INVALID')) return undefined
    throw error
  }
}
