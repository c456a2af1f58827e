import type { Bytes } from './bytes.ts'

const LARGE = 256 << 10

/** The same bytes in fewer pieces: every piece costs whoever writes it a system call. Large ones pass as they are. */
export async function* inLargeChunks(bytes: Bytes): Bytes {
  let small: Uint8Array[] = []
  let size = 0
  for await (const chunk of bytes) {
    if (chunk.length < LARGE) {
      small.push(chunk)
      size += chunk.length
    }
    if (size > 0 && (size >= LARGE || chunk.length >= LARGE)) {
      yield Buffer.concat(small, size)
      small = []
      size = 0
    }
    if (chunk.length >= LARGE) yield chunk
  }
  if (size > 0) yield Buffer.concat(small, size)
}
