import { randomBytes } from 'node:crypto'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { both } from '../bytes/both.ts'
import type { Bytes } from '../bytes/bytes.ts'
import { writeAll } from '../bytes/file.ts'
import { namesIfThere } from '../bytes/readIfThere.ts'
import { inFile, isSystemError } from '../errors.ts'
import { isGone, ownMark } from './owner.ts'
import { SyncAhead } from './syncAhead.ts'

const PREFIX = '.ocilab.'

/** A folder for what is not finished yet, on the file system where it will go, so that a rename can put it there. */
export interface Staging {
  /** A fresh name in the folder, which is made when first asked for. */
  file(): Promise<string>
  /** Writes a file whole, syncs it, and only then gives it its name. */
  publish(path: string, bytes: Bytes | Uint8Array | string): Promise<void>
  /** Removes the folder with all that is left in it. */
  close(): Promise<void>
}

/** A staging folder inside `parent`; clears away what killed processes left there. */
export function stagingIn(parent: string): Staging {
  const folder = join(parent, `${PREFIX}${ownMark()}.${randomBytes(4).toString('hex')}`)
  let ready: Promise<void> | undefined
  const make = async () => {
    await makeFolder(parent)
    await sweepStaging(parent)
    await mkdir(folder, { mode: 0o700 })
  }
  const file = async () => {
    // What failed for want of room is tried again when the next one asks.
    ready ??= make().catch(error => {
      ready = undefined
      throw error
    })
    await ready
    return join(folder, randomBytes(8).toString('hex'))
  }
  return {
    file,
    async publish(path, bytes) {
      const beside = await file()
      try {
        await writeSynced(beside, bytes)
        await rename(beside, path)
      } catch (error) {
        await rm(beside, { force: true })
        throw error
      }
    },
    async close() {
      // Wait for the folder: one that is made after it was removed would stay.
      await ready?.catch(() => undefined)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Writes a new file and sees it on disk before it returns; `onChunk` sees the bytes pass, and may take as long as it wants. */
export async function writeSynced(
  path: string,
  bytes: Bytes | Uint8Array | string,
  onChunk?: (chunk: Uint8Array) => void | Promise<void>,
): Promise<void> {
  await writeNew(path, bytes, { sync: true, onChunk })
}

/** Writes a new file; without `sync` for what is read again in a moment and then removed. */
export async function writeNew(
  path: string,
  bytes: Bytes | Uint8Array | string,
  { sync = false, onChunk }: { sync?: boolean; onChunk?: (chunk: Uint8Array) => void | Promise<void> } = {},
): Promise<void> {
  const file = await open(path, 'wx', 0o644)
  const ahead = new SyncAhead()
  let working: Promise<void> = Promise.resolve()
  // The kernel takes it while we look at it: most of the time that is hashing.
  const work = async (chunk: Uint8Array) => {
    await both(writeAll(file, chunk).catch(inFile(path)), (async () => onChunk?.(chunk))())
    if (sync) ahead.wrote(file, chunk.length)
  }
  try {
    const chunks = typeof bytes === 'string' ? [Buffer.from(bytes)] : bytes instanceof Uint8Array ? [bytes] : bytes
    // While one chunk is written and looked at, the next one comes.
    for await (const chunk of chunks) {
      await working
      working = work(chunk)
      // Whoever waits for it sees what went wrong.
      working.catch(() => undefined)
    }
    await working
    if (sync) await ahead.sync(file).catch(inFile(path))
  } finally {
    await working.catch(() => undefined)
    await ahead.rest()
    await file.close()
  }
}

/** Makes a folder and those above it. Unlike mkdir's own `recursive`, it comes to an end on a file system that refuses, such as /proc. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path)
  } catch (error) {
    if (isSystemError(error, 'EEXIST')) return
    if (!isSystemError(error, 'ENOENT') || dirname(path) === path) throw error
    await makeFolder(dirname(path))
    await mkdir(path).catch(ignoreExisting)
  }
}

function ignoreExisting(error: unknown): void {
  if (!isSystemError(error, 'EEXIST')) throw error
}

/** Makes renames in a folder last through a power cut. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** Clears away the staging folders that killed processes left in `parent`, which may not be there. */
export async function sweepStaging(parent: string): Promise<void> {
  for (const name of namesIfThere(parent)) {
    if (!name.startsWith(PREFIX) || !isGone(name.slice(PREFIX.length))) continue
    await rm(join(parent, name), { recursive: true, force: true })
  }
}
