import { constants, createGzip, createZstdCompress } from 'node:zlib'
import type { Bytes } from './bytes.ts'
import { rewindable } from './rewindable.ts'
import { type Engine, through } from './zlibEngine.ts'

const CHUNK = 256 << 10
// Where a gzip header tells the operating system (RFC 1952), and what it says when it does not tell.
const OS_OFFSET = 9
const OS_UNKNOWN = 255

/**
 * Compressed as gzip (level 6 by default). The header has no time, no name and no operating system in it, so one version of Node
 * on one kind of processor always gives the same bytes.
 */
export async function* gzipped(bytes: Bytes, level = 6): Bytes {
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
