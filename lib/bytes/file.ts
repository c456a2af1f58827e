import { randomBytes } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import type { Bytes } from './bytes.ts'

const CHUNK = 1 << 20

/**
 * The bytes of a file, or of a part of it (`end` is exclusive). Opened when first read, closed in any case.
 * Lent chunks are good only until the next but one is asked for: two pieces of memory take turns. Without `start` it is read from where it stands, so that pipes can be read too.
 */
export async function* fileBytes(
  path: string | Buffer,
  range: { start?: number; end?: number; lent?: boolean } = {},
): Bytes {
  const file = await open(path, 'r')
  try {
    const lent = range.lent ? [Buffer.allocUnsafeSlow(CHUNK), Buffer.allocUnsafeSlow(CHUNK)] : undefined
    let turn = 0
    let offset = range.start ?? 0
    const end = range.end ?? Number.POSITIVE_INFINITY
    while (offset < end) {
      // A fresh buffer each time, unless it is lent: whoever reads may keep the chunk.
      const wanted = Math.min(CHUNK, end - offset)
      turn ^= 1
      const buffer = lent?.[turn] ?? Buffer.allocUnsafeSlow(wanted)
      const { bytesRead } = await file.read(buffer, 0, wanted, range.start === undefined ? null : offset)
      if (bytesRead === 0) return
      offset += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
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
      if (typeof bytes === 'string' || bytes instanceof Uint8Array) await file.writeFile(bytes)
      else for await (const chunk of bytes) await writeAll(file, chunk)
      await file.sync()
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

async function writeAll(file: Awaited<ReturnType<typeof open>>, chunk: Uint8Array): Promise<void> {
  for (let offset = 0; offset < chunk.length; ) offset += (await file.write(chunk, offset)).bytesWritten
}
