import type { Bytes } from './bytes.ts'

/** The same chunks to keep: copies of lent ones, for who cannot say when it is done with them. */
export async function* kept(lent: Bytes): Bytes {
  for await (const chunk of lent) yield Buffer.from(chunk)
}

const LARGE = 256 << 10

/**
 * The same bytes in fewer pieces: every piece costs whoever writes it a system call. Large ones pass as they are, small ones
 * are copied: they may be lent.
 */
export async function* inLargeChunks(bytes: Bytes): Bytes {
  let small = Buffer.allocUnsafe(LARGE)
  let size = 0
  for await (const chunk of bytes) {
    if (size > 0 && size + chunk.length > LARGE) {
      yield small.subarray(0, size)
      small = Buffer.allocUnsafe(LARGE)
      size = 0
    }
    if (chunk.length >= LARGE) {
      yield chunk
      continue
    }
    small.set(chunk, size)
    size += chunk.length
  }
  if (size > 0) yield small.subarray(0, size)
}
