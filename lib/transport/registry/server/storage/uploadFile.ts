import { type FileHandle, open, rm } from 'node:fs/promises'
import { fileBytes } from '../../../../bytes/file.ts'
import type { UploadFile } from './medium.ts'

// The disk begins to work while the bytes still come, so that the last sync has little to wait for.
const SYNC_EVERY = 16 << 20

/** An upload's bytes in a file of their own. */
export function uploadFile(path: string): UploadFile {
  // Opened when first written to, and again after a rest.
  let handle: Promise<FileHandle> | undefined
  let created = false
  let unsynced = 0
  let syncing: Promise<void> | undefined
  // The kernel tells of a write that failed once: whoever syncs after that is told that all is well.
  let lost: unknown

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
  const syncAhead = (file: FileHandle) => {
    if (unsynced < SYNC_EVERY || syncing) return
    unsynced = 0
    syncing = file.datasync().then(
      () => {
        syncing = undefined
      },
      error => {
        lost = error
      },
    )
  }

  return {
    path,
    async write(chunks) {
      const file = await opened()
      await writeAll(file, chunks)
      for (const chunk of chunks) unsynced += chunk.length
      syncAhead(file)
    },
    async sync() {
      const file = await opened()
      await syncing
      if (lost) throw lost
      await file.sync()
    },
    async rest() {
      await syncing
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
