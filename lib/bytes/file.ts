import { randomBytes } from 'node:crypto'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { inFile } from '../errors.ts'
import { oneAhead, takingTurns } from './ahead.ts'
import type { Bytes } from './bytes.ts'

const CHUNK = 1 << 20

/**
 * The bytes of a file, or of a part of it (`end` is exclusive). Opened when first read, closed in any case.
 * Lent chunks are good only until the next but one is asked for: three pieces of memory take turns, for one is read ahead.
 * Without `start` it is read from where it stands, so that pipes can be read too.
 */
export async function* fileBytes(path: string | Buffer, range: Range = {}): Bytes {
  const file = await open(path, 'r')
  try {
    yield* bytesOfFile(file, range)
  } catch (error) {
    inFile(path)(error)
  } finally {
    await file.close()
  }
}

/** The same of a file that is open, and stays so. */
export function bytesOfFile(file: FileHandle, { lent = false, ...range }: Range = {}): Bytes {
  // A fresh buffer each time, unless it is lent: whoever reads may keep the chunk.
  if (!lent) return chunksOf(file, range, Buffer.allocUnsafeSlow)
  return oneAhead(chunksOf(file, range, takingTurns(CHUNK, 1)))
}

async function* chunksOf(
  file: FileHandle,
  { start, end = Number.POSITIVE_INFINITY }: Range,
  room: (wanted: number) => Buffer,
): AsyncGenerator<Uint8Array> {
  for (let offset = start ?? 0; offset < end; ) {
    const wanted = Math.min(CHUNK, end - offset)
    const buffer = room(wanted)
    const { bytesRead } = await file.read(buffer, 0, wanted, start === undefined ? null : offset)
    if (bytesRead === 0) return
    offset += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

interface Range {
  start?: number
  end?: number
  lent?: boolean
}

/** Writes beside, syncs, renames: the file is there whole under its name, or not at all. */
export async function writeFileAtomically(
  path: string,
  bytes: Bytes | Uint8Array | string,
  { mode = 0o644 } = {},
): Promise<void> {
  const beside = temporaryName(path)
  try {
    const file = await open(beside, 'wx', mode)
    try {
      if (typeof bytes === 'string' || bytes instanceof Uint8Array) await file.writeFile(bytes).catch(inFile(path))
      else for await (const chunk of bytes) await writeAll(file, chunk).catch(inFile(path))
      await file.sync().catch(inFile(path))
    } finally {
      await file.close()
    }
    await rename(beside, path)
  } finally {
    await rm(beside, { force: true })
  }
}

/** A name beside `path`, on the same file system, that nobody else has. */
export function temporaryName(path: string): string {
  return `${path}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`
}

export async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let offset = 0; offset < chunk.length; ) offset += (await file.write(chunk, offset)).bytesWritten
}
