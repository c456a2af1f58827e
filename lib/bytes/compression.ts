import { Readable } from 'node:stream'
import { createGunzip, createGzip, createZstdDecompress, type Gunzip } from 'node:zlib'
import { OciError } from '../errors.ts'
import type { Compression } from '../spec/mediaTypes.ts'
import type { Bytes } from './bytes.ts'

const CHUNK = 256 << 10
const LONGEST_MAGIC = 4

/** What the first bytes say the stream is; a media type may lie, they don't. */
export function detectCompression(prefix: Uint8Array): Compression {
  if (prefix[0] === 0x1f && prefix[1] === 0x8b) return 'gzip'
  if (prefix[0] === 0x28 && prefix[1] === 0xb5 && prefix[2] === 0x2f && prefix[3] === 0xfd) return 'zstd'
  return 'none'
}

/** The bytes inside, whatever they are packed in. Throws `GZIP_INVALID` or `ZSTD_INVALID` for what is corrupt or cut short. */
export async function* decompressed(bytes: Bytes, where: string): Bytes {
  const { prefix, whole } = await peeked(bytes)
  const compression = detectCompression(prefix)
  if (compression === 'none') yield* whole
  else if (compression === 'gzip') yield* through(whole, createGunzip({ chunkSize: CHUNK }), 'GZIP_INVALID', where)
  else yield* through(whole, createZstdDecompress({ chunkSize: CHUNK }) as unknown as Gunzip, 'ZSTD_INVALID', where)
}

/** Compressed as gzip, always to the same bytes: zlib's header here has no time and no name in it. */
export async function* gzipped(bytes: Bytes): Bytes {
  yield* through(bytes, createGzip({ chunkSize: CHUNK }), 'GZIP_INVALID', 'gzip')
}

// The one place where node:stream does the work: a zlib stream is fed and read, and its errors get a name.
async function* through(bytes: Bytes, zlib: Gunzip, code: 'GZIP_INVALID' | 'ZSTD_INVALID', where: string): Bytes {
  const source = Readable.from(bytes, { objectMode: false, highWaterMark: CHUNK })
  let upstream: unknown
  source.on('error', error => {
    upstream = error
    zlib.destroy(error)
  })
  source.pipe(zlib)
  try {
    for await (const chunk of zlib) yield chunk
  } catch (error) {
    // What went wrong before us keeps its own name.
    if (upstream !== undefined) throw upstream
    throw new OciError(code, `${where}: ${(error as Error).message}`, { where }, { cause: error })
  } finally {
    source.destroy()
    zlib.destroy()
  }
}

async function peeked(bytes: Bytes): Promise<{ prefix: Uint8Array; whole: Bytes }> {
  const iterator = bytes[Symbol.asyncIterator]()
  const held: Uint8Array[] = []
  let size = 0
  while (size < LONGEST_MAGIC) {
    const { done, value } = await iterator.next()
    if (done) break
    held.push(value)
    size += value.length
  }
  async function* whole(): Bytes {
    try {
      yield* held
      for (;;) {
        const { done, value } = await iterator.next()
        if (done) return
        yield value
      }
    } finally {
      await iterator.return?.()
    }
  }
  return { prefix: Buffer.concat(held), whole: whole() }
}
