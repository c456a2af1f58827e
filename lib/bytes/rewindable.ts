import type { Bytes } from './bytes.ts'

/** Bytes to be read by hand, into which what was read too far can be put back. */
export interface Rewindable {
  /** The next chunk; undefined at the end. */
  next(): Promise<Uint8Array | undefined>
  putBack(chunk: Uint8Array): void
  /** So many of the next bytes, which stay to be read; fewer only where there are no more. */
  peek(size: number): Promise<Buffer>
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
  const putBack = (chunk: Uint8Array) => void (chunk.length > 0 && held.unshift(chunk))
  const peek = async (size: number) => {
    let prefix = Buffer.alloc(0)
    while (prefix.length < size) {
      const chunk = await next()
      if (chunk === undefined) break
      prefix = Buffer.concat([prefix, chunk])
    }
    putBack(prefix)
    return prefix.subarray(0, size)
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
    putBack,
    peek,
    rest,
    close,
  }
}
