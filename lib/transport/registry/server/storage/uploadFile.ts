import { type FileHandle, open, rm } from 'node:fs/promises'
import { fileBytes } from '../../../../bytes/file.ts'
import { SyncAhead } from '../../../syncAhead.ts'
import type { UploadFile } from './medium.ts'

/** An upload's bytes in a file of their own. */
export function uploadFile(path: string): UploadFile {
  // Opened when first written to, and again after a rest.
  let handle: Promise<FileHandle> | undefined
  let created = false
  const ahead = new SyncAhead()

  const opened = () => {
    created = true
    handle ??= open(path, 'a+', 0o644)
    return handle
  }
  const closed = async () => {
    const open = handle
    handle = undefined
    // Whoever wrote has heard why it could not be opened.
    await (await open?.catch(() => undefined))?.close()
  }

  return {
    path,
    async write(chunks) {
      const file = await opened()
      await writeAll(file, chunks)
      for (const chunk of chunks) ahead.wrote(file, chunk.length)
    },
    async sync() {
      await ahead.sync(await opened())
    },
    async rest() {
      await ahead.rest()
      await closed()
    },
    async *bytes(range) {
      // An upload of nothing has no file yet.
      if (!created) await opened()
      yield* fileBytes(path, range)
    },
    async discard() {
      await closed()
      await rm(path, { force: true })
    },
  }
}

async function writeAll(file: FileHandle, chunks: Uint8Array[]): Promise<void> {
  for (let rest = chunks; rest.length > 0; ) {
    const { bytesWritten } = await file.writev(rest)
    rest = after(rest, bytesWritten)
  }
}

/** What is left of the chunks after so many bytes: a disk that is nearly full takes a part. */
function after(chunks: Uint8Array[], bytes: number): Uint8Array[] {
  for (const [i, chunk] of chunks.entries()) {
    if (bytes < chunk.length) return [chunk.subarray(bytes), ...chunks.slice(i + 1)]
    bytes -= chunk.length
  }
  return []
}
