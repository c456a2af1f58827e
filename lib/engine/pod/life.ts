import { isOciError, OciError } from '../../errors.ts'
import type { Options } from '../../events.ts'
import { killRecord, removeRecord, stopRecord } from '../run/end.ts'
import type { ContainerRecord } from '../run/record.ts'
import { sandboxRuns } from '../run/sandbox.ts'
import { startStopped } from '../run/start.ts'
import { isUp, statusOf } from '../run/status.ts'
import { type Home, listRecords, readRecord } from '../run/store.ts'
import type { Warn } from '../run/wire.ts'
import type { Pod } from './pod.ts'

const runs = (home: Home) => (record: ContainerRecord) => isUp(statusOf(home, record))

/**
 * Starts the sandbox and then every container that does not run. Those that have outlived the sandbox are in namespaces
 * that nobody can join any more: they are ended, and begin again in the new ones, as the kubelet has it. ≙ podman pod start
 */
export async function startPod(
  home: Home,
  pod: Pod,
  { warn, timeout, ...options }: Options & { warn?: Warn; timeout?: number } = {},
): Promise<void> {
  if (!sandboxRuns(home, pod.sandbox.id)) {
    const lost = pod.members.filter(runs(home))
    await Promise.all(lost.map(record => stopRecord(home, record, { ...options, timeout })))
    await stopRecord(home, pod.sandbox, { ...options, timeout: 0 })
    await startStopped(home, pod.sandbox, { ...options, warn })
  }
  for (const { id } of pod.members) {
    const record = readRecord(home, id)
    if (record) await startStopped(home, record, { ...options, warn })
  }
}

/** Asks its containers to end, and then its sandbox. ≙ podman pod stop */
export async function stopPod(home: Home, pod: Pod, options: Options & { timeout?: number } = {}): Promise<void> {
  await Promise.all(pod.members.map(record => stopRecord(home, record, options)))
  await stopRecord(home, pod.sandbox, options)
}

/** Sends a signal to every container of it that runs, the sandbox last. ≙ podman pod kill */
export async function killPod(home: Home, pod: Pod, signal?: string): Promise<void> {
  for (const record of [...pod.members, pod.sandbox].filter(runs(home)))
    await killRecord(home, record, signal).catch(error => {
      // It has ended meanwhile.
      if (!isOciError(error, 'CONTAINER_WRONG_STATUS')) throw error
    })
}

/** Removes a pod with all its containers; while some of them run only when forced. ≙ podman pod rm. Throws `CONTAINER_WRONG_STATUS`. */
export async function removePod(
  home: Home,
  pod: Pod,
  { force = false, ...options }: Options & { force?: boolean } = {},
): Promise<void> {
  const running = force ? undefined : pod.members.find(runs(home))
  if (running)
    throw new OciError(
      'CONTAINER_WRONG_STATUS',
      `pod ${pod.name}: cannot remove container ${running.id} as it is running - running or paused containers cannot be removed without force`,
      { got: running.name, hint: `ocilab pod rm --force ${pod.name}` },
    )
  await removeMembers(home, pod, options)
  await removeRecord(home, pod.sandbox, { ...options, force: true, withPod: true })
  // Who was added while this went on: from now on nobody can be.
  await removeMembers(home, pod, options)
}

async function removeMembers(home: Home, { id, sandbox }: Pod, options: Options): Promise<void> {
  const members = listRecords(home).filter(record => record.pod?.id === id && record.id !== sandbox.id)
  await Promise.all(members.map(record => removeRecord(home, record, { ...options, force: true })))
}
