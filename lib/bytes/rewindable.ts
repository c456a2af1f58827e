import type { Bytes } from './bytes.ts'

/** Bytes to be read by hand, into which what was read too far can be put back. */
export interface Rewindable {
  /** The next chunk; undefined at the end. */
  next(): Promise<Uint8Array | undefined>
  putBack(chunk: Uint8Array): void
  /** All that is left, as a stream. */
  rest(): Bytes
  /** Lets go of what is behind: files are closed, sockets dropped. */
  close(): Promise<void>
}

export function rewindable(bytes: Bytes): Rewindable {
  const iterator = bytes[Symbol.asyncIterator]()
  const held: Uint8Array[] = []
  const next = async () => {
    if (held.length > 0) return held.shift()
    const { done, value } = await iterator.next()
    return done ? undefined : value
  }
  const close = async () => void (await iterator.return?.())
  async function* rest(): Bytes {
    try {
      for (let chunk = await next(); chunk !== undefined; chunk = await next()) yield chunk
    } finally {
      await close()
    }
  }
  return {
    next,
    putBack: chunk => void (chunk.length > 0 && held.unshift(chunk)),
    rest,
    close,
  }
}
