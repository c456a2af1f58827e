import { constants, createGzip, createZstdCompress } from 'node:zlib'
import { type NativeGzip, nativeGzip } from '../kernel.ts'
import type { Bytes } from './bytes.ts'
import { rewindable } from './rewindable.ts'
import { type Engine, through } from './zlibEngine.ts'

// The same blocks, wherever the chunks end, make the same bytes: ISA-L looks for repetitions in what it is given at once.
const BLOCK = 1 << 20
const NOTHING = Buffer.alloc(0)
const CHUNK = 256 << 10
// Where a gzip header tells the operating system (RFC 1952), and what it says when it does not tell.
const OS_OFFSET = 9
const OS_UNKNOWN = 255

/**
 * Compressed as gzip; by ISA-L where native/ was built with it and no level is asked for: of a JRE that takes a seventh of the
 * time of node:zlib's level 6, and makes 8 % more bytes, which is 4 % more than skopeo's. The header has no time, no name and no
 * operating system in it, so one build on one kind of processor always gives the same bytes.
 */
export function gzipped(bytes: Bytes, level?: number): Bytes {
  const native = level === undefined ? nativeGzip() : undefined
  return native ? byIsal(bytes, new native.Gzip()) : byZlib(bytes, level)
}

/** While one block is deflated on another thread, the next one is read, hashed and gathered on this one. */
async function* byIsal(bytes: Bytes, gzip: NativeGzip): Bytes {
  let working: Promise<Uint8Array> = Promise.resolve(NOTHING)
  for await (const block of inBlocks(bytes)) {
    const made = await working
    working = gzip.deflate(block, false)
    yield made
  }
  yield await working
  yield gzip.deflate(NOTHING, true)
}

/** Two blocks that take turns: each is good until the next but one is asked for. */
async function* inBlocks(bytes: Bytes): Bytes {
  const [first, other] = [Buffer.allocUnsafeSlow(BLOCK), Buffer.allocUnsafeSlow(BLOCK)]
  let [block, filled] = [first, 0]
  for await (const chunk of bytes)
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + BLOCK - filled)
      block.set(part, filled)
      filled += part.length
      at += part.length
      if (filled < BLOCK) continue
      yield block
      ;[block, filled] = [block === first ? other : first, 0]
    }
  yield block.subarray(0, filled)
}

/** The same by node:zlib, at level 6 unless told otherwise. */
export async function* byZlib(bytes: Bytes, level = 6): Bytes {
  const source = rewindable(bytes)
  try {
    let isHeader = true
    for await (const chunk of through(source, createGzip({ chunkSize: CHUNK, level }), error => error)) {
      if (isHeader) chunk[OS_OFFSET] = OS_UNKNOWN
      isHeader = false
      yield chunk
    }
  } finally {
    await source.close()
  }
}

/** Compressed as one zstd frame, with a checksum (level 3 by default). RFC 8878. */
export async function* zstdCompressed(bytes: Bytes, level = 3): Bytes {
  const source = rewindable(bytes)
  try {
    const params = { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 }
    yield* through(source, createZstdCompress({ chunkSize: CHUNK, params }) as Engine, error => error)
  } finally {
    await source.close()
  }
}
