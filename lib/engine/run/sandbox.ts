/** What a container has of its pod: a sandbox to start before it, namespaces to join, and files in /etc. */
import { setTimeout as sleep } from 'node:timers/promises'
import { isOciError, OciError } from '../../errors.ts'
import type { Options } from '../../events.ts'
import type { RuntimeConfig } from '../../spec/runtimeConfig.ts'
import { writeEtcFiles } from './etcFiles.ts'
import { type ContainerRecord, isSandbox, type PodNamespace } from './record.ts'
import { sharedMemory } from './sharedMemory.ts'
import { startDetached } from './start.ts'
import { initOf, statusOf } from './status.ts'
import { containerPaths, findRecord, type Home, listRecords, readRecord } from './store.ts'
import { addressesOf, type Warn } from './wire.ts'

const POLL = 20
const PATIENCE = 30_000

/** True while the container that holds a pod's namespaces runs; one that is only about to does not yet. */
export function sandboxRuns(home: Home, id: string): boolean {
  return readRecord(home, id)?.state.startedAt !== undefined && initOf(home, id) !== undefined
}

/** Starts the sandbox of a container's pod, unless it runs; of several who need it at once one does. ≙ podman, on starting a container of a pod */
export async function startSandbox(
  home: Home,
  record: ContainerRecord,
  options: Options & { warn?: Warn } = {},
): Promise<void> {
  if (!record.pod || isSandbox(record)) return
  const { sandbox, name } = record.pod
  for (const deadline = Date.now() + PATIENCE; !sandboxRuns(home, sandbox); await sleep(POLL)) {
    const found = findRecord(home, sandbox)
    if (statusOf(home, found).status !== 'running')
      try {
        return await startDetached(home, found, options)
      } catch (error) {
        if (!isOciError(error, 'CONTAINER_WRONG_STATUS')) throw error
      }
    if (Date.now() >= deadline)
      throw new OciError('TIMEOUT', `pod ${name}: its sandbox has not started`, { where: sandbox })
  }
}

// What /proc/PID/ns calls them is not what the runtime-spec does. config-linux.md § Namespaces
const TYPES: Partial<Record<PodNamespace, 'ipc' | 'pid' | 'uts'>> = { ipc: 'ipc', pid: 'pid', uts: 'uts' }

/** The container's configuration, with the namespaces of its pod by path; that of the network it has from {@link wire}. */
export function withPodNamespaces(home: Home, record: ContainerRecord, config: RuntimeConfig): RuntimeConfig {
  const { pod } = record
  if (!pod) return config
  const memory = sharedMemory(home, record)
  const mounts = (config.mounts ?? []).map(mount =>
    memory !== undefined && mount.destination === '/dev/shm'
      ? { ...mount, type: 'bind', source: memory, options: ['rbind', 'rprivate', 'nosuid', 'noexec', 'nodev'] }
      : mount,
  )
  if (isSandbox(record)) return { ...config, mounts }
  const pid = initOf(home, pod.sandbox)?.pid
  const joined = pod.share.flatMap(name => TYPES[name] ?? []).map(type => ({ type, path: `/proc/${pid}/ns/${type}` }))
  const others = (config.linux?.namespaces ?? []).filter(({ type }) => !joined.some(other => other.type === type))
  return {
    ...config,
    mounts,
    // The name is that of the namespace: whoever joins it does not give it one.
    hostname: pod.share.includes('uts') ? undefined : config.hostname,
    linux: { ...config.linux, namespaces: [...others, ...joined] },
  }
}

/** Before a container's program runs: its sandbox lives, and the number in those paths was its own all the time. Throws `CONTAINER_WRONG_STATUS`. */
export function checkSandbox(home: Home, record: ContainerRecord, config: RuntimeConfig): void {
  const { pod } = record
  if (!pod || isSandbox(record)) return
  const pid = initOf(home, pod.sandbox)?.pid
  const joined = (config.linux?.namespaces ?? []).filter(({ path }) => path?.startsWith('/proc/'))
  if (pid !== undefined && joined.every(({ path }) => path!.startsWith(`/proc/${pid}/`))) return
  throw new OciError('CONTAINER_WRONG_STATUS', `pod ${pod.name}: its sandbox has ended`, { where: pod.sandbox })
}

/** Writes what all containers of a pod see in /etc: the pod's name at its addresses, and each of them at 127.0.0.1. */
export function podFiles(home: Home, record: ContainerRecord): void {
  const { pod } = record
  const sandbox = pod && (isSandbox(record) ? record : readRecord(home, pod.sandbox))
  if (!pod || !sandbox) return
  const members = listRecords(home).filter(other => other.pod?.id === pod.id && !isSandbox(other))
  const { hostname, networks, wiring } = sandbox
  const paths = containerPaths(home, sandbox.id)
  writeEtcFiles(paths, {
    hostname,
    names: `${hostname} ${sandbox.name}`,
    addresses: addressesOf(wiring?.endpoints ?? []),
    host: networks.includes('host'),
    neighbours: pod.share.includes('net') ? members.map(({ name }) => name).sort() : [],
  })
}
