import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Bytes } from '../bytes/bytes.ts'
import { isGone, ownMark } from './owner.ts'

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
    await mkdir(parent, { recursive: true })
    await sweep(parent)
    await mkdir(folder, { mode: 0o700 })
  }
  const file = async () => {
    ready ??= make()
    await ready
    return join(folder, randomBytes(8).toString('hex'))
  }
  return {
    file,
    async publish(path, bytes) {
      const beside = await file()
      await writeSynced(beside, bytes)
      await rename(beside, path)
    },
    async close() {
      // Wait for the folder: one that is made after it was removed would stay.
      await ready?.catch(() => undefined)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Writes a new file and sees it on disk before it returns; `onChunk` sees the bytes pass. */
export async function writeSynced(
  path: string,
  bytes: Bytes | Uint8Array | string,
  onChunk?: (chunk: Uint8Array) => void,
): Promise<void> {
  const file = await open(path, 'wx', 0o644)
  try {
    const chunks = typeof bytes === 'string' ? [Buffer.from(bytes)] : bytes instanceof Uint8Array ? [bytes] : bytes
    for await (const chunk of chunks) {
      onChunk?.(chunk)
      for (let offset = 0; offset < chunk.length; ) offset += (await file.write(chunk, offset)).bytesWritten
    }
    await file.sync()
  } finally {
    await file.close()
  }
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

async function sweep(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(PREFIX) || !isGone(name.slice(PREFIX.length))) continue
    await rm(join(parent, name), { recursive: true, force: true })
  }
}
