import { constants, createGzip, createZstdCompress, createZstdDecompress } from 'node:zlib'
import { OciError } from '../errors.ts'
import type { Compression } from '../spec/mediaTypes.ts'
import type { Bytes } from './bytes.ts'
import { gunzipped } from './gunzip.ts'
import { type Rewindable, rewindable } from './rewindable.ts'
import { type Engine, through } from './zlibEngine.ts'

const CHUNK = 256 << 10
const LONGEST_MAGIC = 4
// Where a gzip header tells the operating system (RFC 1952), and what it says when it does not tell.
const OS_OFFSET = 9
const OS_UNKNOWN = 255

/** What the first bytes say the stream is; a media type may lie, they don't. */
export function detectCompression(prefix: Uint8Array): Compression {
  if (prefix[0] === 0x1f && prefix[1] === 0x8b) return 'gzip'
  if (prefix[0] === 0x28 && prefix[1] === 0xb5 && prefix[2] === 0x2f && prefix[3] === 0xfd) return 'zstd'
  return 'none'
}

/** The bytes inside, whatever they are packed in. Throws `GZIP_INVALID` or `ZSTD_INVALID` for what is corrupt or cut short. */
export async function* decompressed(bytes: Bytes, where: string): Bytes {
  const source = rewindable(bytes)
  try {
    const compression = detectCompression(await peeked(source))
    if (compression === 'none') yield* source.rest()
    else if (compression === 'gzip') yield* gunzipped(source, where)
    else yield* unzstd(source, where)
  } finally {
    await source.close()
  }
}

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

/** Frame after frame: node:zlib stops after the first. */
async function* unzstd(source: Rewindable, where: string): Bytes {
  for (let chunk = await source.next(); chunk !== undefined; chunk = await source.next()) {
    source.putBack(chunk)
    const engine = createZstdDecompress({ chunkSize: CHUNK }) as Engine
    yield* through(source, engine, error => zstdInvalid(where, error))
  }
}

async function peeked(source: Rewindable): Promise<Uint8Array> {
  let prefix = Buffer.alloc(0)
  while (prefix.length < LONGEST_MAGIC) {
    const chunk = await source.next()
    if (chunk === undefined) break
    prefix = Buffer.concat([prefix, chunk])
  }
  source.putBack(prefix)
  return prefix
}

function zstdInvalid(where: string, cause: Error): OciError {
  return new OciError('ZSTD_INVALID', `${where}: ${cause.message}`, { where }, { cause })
}
