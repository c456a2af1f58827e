import type { Bytes } from '../../bytes/bytes.ts'

/** The bytes without the first `skip` of them. */
export async function* skipping(bytes: Bytes, skip: number): Bytes {
  let left = skip
  for await (const chunk of bytes) {
    if (left < chunk.length) yield left === 0 ? chunk : chunk.subarray(left)
    left = Math.max(left - chunk.length, 0)
  }
}

/** The bytes in pieces of just `size`, the last one smaller; of nothing, one empty piece. Each is a copy: it may be kept. */
export async function* inPieces(bytes: Bytes, size: number): Bytes {
  let piece = Buffer.allocUnsafeSlow(size)
  let held = 0
  let count = 0
  for await (const chunk of bytes) {
    for (let rest = chunk; rest.length > 0; ) {
      const part = rest.subarray(0, size - held)
      piece.set(part, held)
      held += part.length
      rest = rest.subarray(part.length)
      if (held < size) continue
      yield piece
      piece = Buffer.allocUnsafeSlow(size)
      held = 0
      count++
    }
  }
  if (held > 0 || count === 0) yield piece.subarray(0, held)
}
