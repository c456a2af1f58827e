import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readRuntimeConfig } from '../../bundle/configFile.ts'
import { OciError } from '../../errors.ts'
import { emit, type Options } from '../../events.ts'
import { createContainer } from '../../runtime/container/create.ts'
import { deleteContainer } from '../../runtime/container/end.ts'
import { startContainer } from '../../runtime/container/start.ts'
import { thisMaker } from '../../runtime/container/state.ts'
import { withNetns } from './configure.ts'
import { writeEtcFiles } from './etcFiles.ts'
import { exitCodeOf } from './exitCode.ts'
import { openLog } from './log.ts'
import { publish } from './publish.ts'
import { type ContainerRecord, shortId, type Wiring } from './record.ts'
import { checkSandbox, podFiles, startSandbox, withPodNamespaces } from './sandbox.ts'
import { makeSharedMemory, removeSharedMemory } from './sharedMemory.ts'
import { isUp, statusOf } from './status.ts'
import {
  containerPaths,
  type Home,
  noSuchContainer,
  readRecord,
  replaceFile,
  saveRecord,
  withLabLock,
} from './store.ts'
import { newStreams, type Sink, type Streams } from './streams.ts'
import { addressesOf, unwire, type Warn, wire } from './wire.ts'

/** How one stays with a container. */
export interface Supervision extends Options {
  /** Where what it says goes beside the log. */
  sink?: Sink
  /** Its stdin is that of this program. */
  attachInput?: boolean
  warn?: Warn
  /** Called when its program runs, with its process. */
  started?(pid: number): void
}

// What a container has started in the background may keep its output open for ever: it is listened to a moment longer.
const LAST_WORDS = 500

/**
 * Starts a container, stays with it to its end, and takes down what it had; answers its exit code.
 * When it cannot be started nothing of that is left, its record says why, and so does what is thrown.
 */
export async function supervise(home: Home, id: string, how: Supervision = {}): Promise<number> {
  const record = await claim(home, id)
  try {
    const status = await run(home, record, how)
    await finish(home, record, { exitCode: status }, how)
    return status
  } catch (error) {
    await finish(home, record, { exitCode: exitCodeOf(error), error: (error as Error).message }, how)
    throw error
  }
}

/** Of two who start it one is told that it runs already. */
function claim(home: Home, id: string): Promise<ContainerRecord> {
  return withLabLock(home, async () => {
    const record = readRecord(home, id)
    if (!record) throw noSuchContainer(shortId({ id }))
    const now = statusOf(home, record)
    if (isUp(now))
      throw new OciError('CONTAINER_WRONG_STATUS', `${record.name}: runs already`, { got: now.status, want: 'exited' })
    record.state = { status: 'running', exitCode: 0, supervisor: thisMaker() }
    saveRecord(home, record)
    return record
  })
}

async function run(home: Home, record: ContainerRecord, how: Supervision): Promise<number> {
  const warn = how.warn ?? (() => {})
  // What a killed supervisor has left of the last time.
  await clear(home, record, how)
  await startSandbox(home, record, { ...how, warn })
  makeSharedMemory(home, record, how)
  record.wiring = await wire(home, record, warn, how)
  saveRecord(home, record)
  const publication = await publish(record, record.wiring, warn, how)
  try {
    record.wiring.published = [...publication.published]
    return await stay(home, record, how)
  } finally {
    publication.close()
  }
}

/** Starts its program and hears it to its end. */
async function stay(home: Home, record: ContainerRecord, how: Supervision): Promise<number> {
  const log = openLog(containerPaths(home, record.id).log, {
    gap: record.logGap,
    onGap(gap) {
      record.logGap = gap || undefined
      saveRecord(home, record)
    },
  })
  let streams: Streams | undefined
  try {
    streams = newStreams(inputOf(record, how), async (stream, chunk) => {
      log.write(stream, chunk)
      await how.sink?.(stream, chunk)
    })
    const carried = await begin(home, record, streams.theirs, how)
    streams.handedOver()
    record.state.startedAt = new Date().toISOString()
    saveRecord(home, record)
    how.started?.(carried.pid)
    const status = await carried.exited()
    await Promise.race([streams.heard, sleep(LAST_WORDS, undefined, { ref: false })])
    return status
  } finally {
    streams?.close()
    log.close()
  }
}

function inputOf({ terminal, interactive }: ContainerRecord, { attachInput }: Supervision) {
  if (interactive && attachInput) return 'inherit' as const
  // The end of its input would reach a terminal as ^D.
  return interactive || terminal ? ('open' as const) : ('none' as const)
}

async function begin(home: Home, record: ContainerRecord, streams: readonly number[], how: Supervision) {
  const { bundle } = containerPaths(home, record.id)
  const config = configured(home, record, record.wiring!)
  const undo = { kind: 'container', id: record.id, runtime: 'ocirun', root: home.runtimeRoot } as const
  const { carried } = await createContainer(record.id, bundle, config, {
    root: home.runtimeRoot,
    streams,
    console: record.terminal ? 'keeper' : undefined,
    claimed: () => emit(how, { type: 'change', undo }),
  }).catch(error => {
    // Why its namespaces could not be joined.
    checkSandbox(home, record, config)
    throw error
  })
  checkSandbox(home, record, config)
  await startContainer(home.runtimeRoot, record.id)
  return carried
}

/** config.json and the files of /etc, as they are to be this time. */
function configured(home: Home, record: ContainerRecord, { netns, endpoints }: Wiring) {
  const paths = containerPaths(home, record.id)
  const host = record.networks.includes('host')
  const wired = withPodNamespaces(home, record, withNetns(readRuntimeConfig(paths.bundle), netns, host))
  replaceFile(join(paths.bundle, 'config.json'), JSON.stringify(wired, null, '\t'))
  writeEtcFiles(paths, { hostname: record.hostname, addresses: addressesOf(endpoints), host })
  podFiles(home, record)
  return wired
}

/** Takes down all that a container has while it runs; what is gone is fine. ≙ what docker stop leaves undone when it dies */
export async function clear(home: Home, record: ContainerRecord, options: Options = {}): Promise<void> {
  await deleteContainer(home.runtimeRoot, record.id, { force: true })
  emit(options, {
    type: 'undone',
    undo: { kind: 'container', id: record.id, runtime: 'ocirun', root: home.runtimeRoot },
  })
  removeSharedMemory(home, record, options)
  await unwire(home, record, options)
}

/** Takes down what a container had while it ran, and writes down how it ended. */
export async function finish(
  home: Home,
  record: ContainerRecord,
  end: { exitCode: number; error?: string },
  options: Options,
): Promise<void> {
  const { startedAt } = record.state
  try {
    await clear(home, record, options)
    record.wiring = undefined
  } finally {
    record.state = { status: 'exited', ...(startedAt && { startedAt }), finishedAt: new Date().toISOString(), ...end }
    saveRecord(home, record)
  }
}
