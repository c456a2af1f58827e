import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { namesIfThere } from '../../bytes/readIfThere.ts'
import { removeIfEmpty } from '../../bytes/removeIfEmpty.ts'
import { isSystemError, OciError } from '../../errors.ts'
import { emit, type Options } from '../../events.ts'
import { type HeldLock, withFileLock } from '../../network/fileLock.ts'
import { checkLabId, RUN_FOLDER } from '../../network/names.ts'
import type { ContainerRecord } from './record.ts'
import { isBeingMade } from './supervisor.ts'

// In which stat(2) counts.
const BLOCK = 512

/** Where a lab's containers are. */
export interface Home {
  readonly lab: string
  readonly folder: string
  /** A folder for each container: its files, its record, its log. */
  readonly containers: string
  readonly volumes: string
  readonly networks: string
  /** What the runtime keeps while they run. */
  readonly runtimeRoot: string
}

/** The home of a lab's containers, below /var/lib/ocilab or a folder of one's own. Throws `ARGUMENT_INVALID`. */
export function homeOf(lab = 'default', root = '/var/lib/ocilab'): Home {
  checkLabId(lab)
  const folder = join(root, lab)
  return {
    lab,
    folder,
    containers: join(folder, 'containers'),
    volumes: join(folder, 'volumes'),
    networks: join(folder, 'networks'),
    runtimeRoot: join(RUN_FOLDER, lab, 'runtime'),
  }
}

export function containerFolder(home: Home, id: string): string {
  return join(home.containers, id)
}

/** What is in a container's folder. */
export function containerPaths(home: Home, id: string) {
  const folder = containerFolder(home, id)
  return {
    folder,
    record: join(folder, 'container.json'),
    bundle: join(folder, 'bundle'),
    log: join(folder, 'log.json'),
    /** What its supervisor says when it fails. */
    errors: join(folder, 'supervisor.err'),
    hosts: join(folder, 'hosts'),
    hostname: join(folder, 'hostname'),
    resolvConf: join(folder, 'resolv.conf'),
  }
}

/** The file by which one program at a time makes or removes what a lab has. */
export function labLock(lab: string): string {
  return join(RUN_FOLDER, `${lab}.lock`)
}

/** Does `work` while no other program makes or removes containers or networks of the lab. */
export function withLabLock<T>(home: Home, work: () => Promise<T>, options: Options = {}): Promise<T> {
  return withFileLock(labLock(home.lab), async (lock: HeldLock) => {
    try {
      return await work()
    } finally {
      tidy(home, lock, options)
    }
  })
}

/** What cannot be taken away makes nothing undone that was done: the next one takes it away, or `reset`. */
function tidy(home: Home, lock: HeldLock, options: Options): void {
  try {
    const there = existsSync(home.folder)
    for (const folder of [home.containers, home.volumes, home.networks, home.folder]) removeIfEmpty(folder)
    if (there && !existsSync(home.folder))
      emit(options, { type: 'undone', undo: { kind: 'directory', path: home.folder } })
    lock.remove()
  } catch (error) {
    if (!isSystemError(error)) throw error
  }
}

/** Makes a folder in a lab's home, whose lock is held; the home itself is told before it is made. */
export function makeFolder(home: Home, path: string, options: Options = {}): void {
  if (!existsSync(home.folder)) emit(options, { type: 'change', undo: { kind: 'directory', path: home.folder } })
  mkdirSync(path, { recursive: true, mode: 0o711 })
}

/** Nothing is known of the container any more. The lab's lock is held. */
export function dropFolder(home: Home, record: ContainerRecord, options: Options = {}): void {
  const path = containerFolder(home, record.id)
  rmSync(path, { recursive: true, force: true, maxRetries: 5 })
  emit(options, { type: 'undone', undo: { kind: 'directory', path } })
}

/**
 * Writes the record beside and renames it; on a full disk, where the old one is: how a container ended must be known also
 * when its log has filled the disk. Of a container that somebody has removed meanwhile nothing is written.
 */
export function saveRecord(home: Home, record: ContainerRecord): void {
  const { record: path } = containerPaths(home, record.id)
  const text = JSON.stringify(record, null, 2)
  try {
    replaceFile(path, text, 0o600)
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return
    if (!isSystemError(error, 'ENOSPC') || !existsSync(path) || !overwrite(path, text)) throw error
  }
}

/** A file is the old one or the new one. What could not be written is not left beside it. */
export function replaceFile(path: string, text: string, mode = 0o644): void {
  const beside = `${path}.new`
  try {
    writeFileSync(beside, text, { mode })
    renameSync(beside, path)
  } catch (error) {
    rmSync(beside, { force: true })
    throw error
  }
}

/** True when it could be written into the room that the file has. */
function overwrite(path: string, text: string): boolean {
  const bytes = Buffer.from(text)
  const fd = openSync(path, 'r+')
  try {
    if (fstatSync(fd).blocks * BLOCK < bytes.length) return false
    writeSync(fd, bytes)
    ftruncateSync(fd, bytes.length)
    return true
  } finally {
    closeSync(fd)
  }
}

/** Every container, the youngest first. One that is being made is none yet. */
export function listRecords(home: Home): ContainerRecord[] {
  return allRecords(home).filter(record => !isBeingMade(record))
}

/** Those that are being made, too: they have a name already. */
export function allRecords(home: Home): ContainerRecord[] {
  const records = namesIfThere(home.containers).map(id => readRecord(home, id))
  return records.filter(record => record !== undefined).sort((a, b) => (a.created < b.created ? 1 : -1))
}

/** The container of a name, an id or the beginning of one. Throws `CONTAINER_UNKNOWN`, in Docker's words. */
export function findRecord(home: Home, reference: string): ContainerRecord {
  const records = listRecords(home)
  const exact = records.find(({ id, name }) => id === reference || name === reference)
  const begun = reference === '' ? [] : records.filter(({ id }) => id.startsWith(reference))
  const [found, second] = exact ? [exact] : begun
  if (found && !second) return found
  if (second)
    throw new OciError('ARGUMENT_INVALID', `multiple IDs found with provided prefix: ${reference}`, { got: reference })
  throw noSuchContainer(reference)
}

/** In Docker's words. */
export function noSuchContainer(reference: string): OciError {
  return new OciError('CONTAINER_UNKNOWN', `no such container: ${reference}`, { got: reference, hint: 'ocilab ps -a' })
}

export function readRecord(home: Home, id: string): ContainerRecord | undefined {
  const { record: path } = containerPaths(home, id)
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as ContainerRecord
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ENOTDIR')) return undefined
    throw new OciError(
      'CONFIG_INVALID',
      `${path}: not the record of a container: ${(error as Error).message}`,
      { where: path, hint: 'run: ocilab reset' },
      { cause: error },
    )
  }
}
