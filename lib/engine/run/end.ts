import { setTimeout as sleep } from 'node:timers/promises'
import { isOciError, OciError } from '../../errors.ts'
import type { Options } from '../../events.ts'
import { killContainer } from '../../runtime/container/end.ts'
import { type ContainerRecord, isSandbox } from './record.ts'
import { hasSupervisor, statusOf } from './status.ts'
import { type Home, readRecord, removeFolder, saveRecord } from './store.ts'
import { clear } from './supervise.ts'

const POLL = 20
const PATIENCE = 30_000

/** Sends a signal to a container's program. ≙ docker kill. Throws `CONTAINER_WRONG_STATUS`, in Docker's words, and `ARGUMENT_INVALID`. */
export function killRecord(home: Home, record: ContainerRecord, signal = 'SIGKILL'): void {
  const { status } = statusOf(home, record)
  if (status !== 'running' && status !== 'paused')
    throw new OciError('CONTAINER_WRONG_STATUS', `container ${record.id} is not running`, { got: status })
  killContainer(home.runtimeRoot, record.id, signal)
}

/** Asks a container to end, and after `timeout` milliseconds makes it. One that does not run is fine. ≙ docker stop */
export async function stopRecord(
  home: Home,
  record: ContainerRecord,
  {
    timeout = 10_000,
    stopSignal = record.stopSignal,
    ...options
  }: Options & { timeout?: number; stopSignal?: string } = {},
): Promise<void> {
  if (isDone(home, record)) return
  tryKill(home, record, stopSignal)
  if (!(await ended(home, record, timeout))) {
    tryKill(home, record, 'SIGKILL')
    if (!(await ended(home, record, PATIENCE)))
      throw new OciError('TIMEOUT', `${record.name}: still running after SIGKILL`, { where: record.id })
  }
  await settle(home, record, options)
}

/** The exit code of a container, when it has ended. ≙ docker wait */
export async function waitFor(home: Home, record: ContainerRecord, options: Options = {}): Promise<number> {
  for (;;) {
    const now = readRecord(home, record.id)
    if (!now || isDone(home, now)) return now ? statusOf(home, now).exitCode : 0
    await sleep(POLL, undefined, { signal: options.signal })
  }
}

/** Removes a container; one that runs only when forced, one that holds a pod only with the pod. ≙ docker rm. Throws `CONTAINER_WRONG_STATUS`, in Docker's words. */
export async function removeRecord(
  home: Home,
  record: ContainerRecord,
  { force = false, withPod = false, ...options }: Options & { force?: boolean; withPod?: boolean } = {},
): Promise<void> {
  if (isSandbox(record) && !withPod)
    throw new OciError(
      'CONTAINER_WRONG_STATUS',
      `container ${record.id} is the infra container of pod ${record.pod!.id} and cannot be removed without removing the pod`,
      { got: record.name, hint: `ocilab pod rm ${record.pod!.name}` },
    )
  const { status } = statusOf(home, record)
  if (!force && (status === 'running' || status === 'paused'))
    throw new OciError(
      'CONTAINER_WRONG_STATUS',
      `you cannot remove a running container ${record.id}: stop the container before attempting removal or force remove`,
      { got: status, hint: `ocilab rm --force ${record.name}` },
    )
  if (force) await stopRecord(home, record, { ...options, timeout: 0, stopSignal: 'SIGKILL' })
  await clear(home, readRecord(home, record.id) ?? record, options)
  await removeFolder(home, record, options)
}

/** Its program has ended, and whoever stayed with it has gone, too. */
function isDone(home: Home, record: ContainerRecord): boolean {
  const now = readRecord(home, record.id)
  return now === undefined || (!hasSupervisor(now) && statusOf(home, now).status !== 'running')
}

async function ended(home: Home, record: ContainerRecord, timeout: number): Promise<boolean> {
  for (const deadline = Date.now() + timeout; ; ) {
    if (isDone(home, record)) return true
    if (Date.now() >= deadline) return false
    await sleep(POLL)
  }
}

/** What a supervisor that was killed has not written down or taken away. */
async function settle(home: Home, record: ContainerRecord, options: Options): Promise<void> {
  const now = readRecord(home, record.id)
  if (now?.state.status !== 'running') return
  await clear(home, now, options)
  now.state = { ...now.state, status: 'exited', exitCode: 255, finishedAt: new Date().toISOString() }
  now.wiring = undefined
  saveRecord(home, now)
}

function tryKill(home: Home, record: ContainerRecord, signal: string): void {
  try {
    killContainer(home.runtimeRoot, record.id, signal)
  } catch (error) {
    // It has just ended, or is only about to be.
    if (!isOciError(error, 'CONTAINER_WRONG_STATUS') && !isOciError(error, 'CONTAINER_UNKNOWN')) throw error
  }
}
