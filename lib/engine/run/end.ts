import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { isOciError, OciError } from '../../errors.ts'
import type { Options } from '../../events.ts'
import { killContainer } from '../../runtime/container/end.ts'
import { thisMaker } from '../../runtime/container/state.ts'
import { type ContainerRecord, isSandbox } from './record.ts'
import { isOver, isUp, notRunning, settled, statusOf } from './status.ts'
import { dropFolder, type Home, noSuchContainer, readRecord, saveRecord, withLabLock } from './store.ts'
import { clear, finish } from './supervise.ts'

const POLL = 20
const PATIENCE = 30_000

/** Sends a signal to a container's program, which may be about to start. ≙ docker kill. Throws `CONTAINER_WRONG_STATUS`, in Docker's words, and `ARGUMENT_INVALID`. */
export async function killRecord(home: Home, record: ContainerRecord, signal = 'SIGKILL'): Promise<void> {
  const now = await settled(home, record)
  const status = now && statusOf(home, now)
  if (!status || !isUp(status)) throw notRunning(record, status?.status ?? 'exited')
  try {
    killContainer(home.runtimeRoot, record.id, signal)
  } catch (error) {
    throw hasEnded(error) ? notRunning(record, 'exited', error) : error
  }
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
  const run = await settled(home, record)
  if (!run || isOver(home, run)) return settle(home, record, options)
  tryKill(home, run, stopSignal)
  if (!(await ended(home, run, timeout))) {
    tryKill(home, run, 'SIGKILL')
    if (!(await ended(home, run, PATIENCE)))
      throw new OciError('TIMEOUT', `${record.name}: still running after SIGKILL`, { where: record.id })
  }
  await settle(home, record, options)
}

/** The exit code of a container, when it has ended. ≙ docker wait */
export async function waitFor(home: Home, record: ContainerRecord, options: Options = {}): Promise<number> {
  for (;;) {
    const now = readRecord(home, record.id)
    if (isOver(home, now)) return now ? statusOf(home, now).exitCode : 0
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
  for (;;) {
    if (force) await stopRecord(home, record, { ...options, timeout: 0, stopSignal: 'SIGKILL' })
    if (await withLabLock(home, () => removeStopped(home, record, force, options), options)) return
    if (!force)
      throw new OciError(
        'CONTAINER_WRONG_STATUS',
        `you cannot remove a running container ${record.id}: stop the container before attempting removal or force remove`,
        { got: 'running', hint: `ocilab rm --force ${record.name}` },
      )
  }
}

/** Removes a container that was to be removed when it ended, unless somebody has started it again. ≙ docker run --rm */
export async function removeIfAsked(
  home: Home,
  { id }: Pick<ContainerRecord, 'id'>,
  options: Options = {},
): Promise<void> {
  const now = readRecord(home, id)
  if (now?.remove && isOver(home, now)) await removeRecord(home, now, { ...options, force: true })
}

/** Nobody can start it meanwhile: that takes the lab's lock, too. False for one that runs. */
async function removeStopped(home: Home, record: ContainerRecord, force: boolean, options: Options): Promise<boolean> {
  const now = readRecord(home, record.id)
  if (!now && !force) throw noSuchContainer(record.name)
  if (now && isUp(statusOf(home, now))) return false
  await clear(home, now ?? record, options)
  dropFolder(home, record, options)
  return true
}

/** That run of the container is over; there may be another one. */
async function ended(home: Home, { id, state: { supervisor } }: ContainerRecord, timeout: number): Promise<boolean> {
  for (const deadline = Date.now() + timeout; ; await sleep(POLL)) {
    const now = readRecord(home, id)
    if (isOver(home, now) || !isDeepStrictEqual(now?.state.supervisor, supervisor)) return true
    if (Date.now() >= deadline) return false
  }
}

/** What a supervisor that was killed has not written down or taken away: of several who see that, one does it. */
async function settle(home: Home, { id }: ContainerRecord, options: Options): Promise<void> {
  const isLeft = (now: ContainerRecord | undefined) => now?.state.status === 'running' && isOver(home, now)
  if (!isLeft(readRecord(home, id))) return
  const left = await withLabLock(home, async () => {
    const now = readRecord(home, id)
    if (!now || !isLeft(now)) return
    now.state = { ...now.state, supervisor: thisMaker() }
    saveRecord(home, now)
    return now
  })
  if (left) await finish(home, left, { exitCode: 255 }, options)
}

function tryKill(home: Home, record: ContainerRecord, signal: string): void {
  try {
    killContainer(home.runtimeRoot, record.id, signal)
  } catch (error) {
    if (!hasEnded(error)) throw error
  }
}

/** What is said of a container that has just ended, or is being deleted. */
function hasEnded(error: unknown): boolean {
  return isOciError(error, 'CONTAINER_WRONG_STATUS') || isOciError(error, 'CONTAINER_UNKNOWN')
}
