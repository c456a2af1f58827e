import { type BlobLabel, emit, type Options } from '../events.ts'
import type { Bytes } from './bytes.ts'

// Often enough for a bar to move smoothly, seldom enough to cost nothing.
const INTERVAL = 100

/** Passes the bytes on and tells how far they are: started, progress now and then, done. */
export async function* metered(bytes: Bytes, blob: BlobLabel, options?: Options): Bytes {
  let offset = 0
  let told = Date.now()
  emit(options, { type: 'blob', state: 'started', blob, offset })
  for await (const chunk of bytes) {
    options?.signal?.throwIfAborted()
    offset += chunk.length
    if (Date.now() - told >= INTERVAL) {
      told = Date.now()
      emit(options, { type: 'blob', state: 'progress', blob, offset })
    }
    yield chunk
  }
  emit(options, { type: 'blob', state: 'done', blob, offset })
}
