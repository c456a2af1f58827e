import { OciError } from '../errors.ts'
import type { Bytes } from './bytes.ts'
import { InHand } from './inHand.ts'

/** All the bytes in one piece, for what is known to be small. Throws `TOO_LARGE` as soon as there are more than `limit`. */
export async function collect(
  bytes: Bytes | Iterable<Uint8Array>,
  limit = Number.POSITIVE_INFINITY,
  where = 'bytes',
): Promise<Uint8Array> {
  if (bytes instanceof InHand && bytes.all.length <= limit) return bytes.all
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of bytes) {
    size += chunk.length
    if (size > limit)
      throw new OciError('TOO_LARGE', `${where}: too large (want at most ${limit} bytes, got more)`, {
        want: limit,
        where,
      })
    chunks.push(chunk)
  }
  return chunks.length === 1 ? chunks[0]! : new Uint8Array(Buffer.concat(chunks, size))
}

/** One piece of bytes as a stream. */
export async function* bytesOf(...chunks: (Uint8Array | string)[]): Bytes & AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk
}
