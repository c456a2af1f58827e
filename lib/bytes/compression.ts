import type { Compression } from '../spec/mediaTypes.ts'
import type { Bytes } from './bytes.ts'
import { type Rewindable, rewindable } from './rewindable.ts'

const LONGEST_MAGIC = 4

/** What the first bytes say the stream is; a media type may lie, they don't. */
export function detectCompression(prefix: Uint8Array): Compression {
  if (prefix[0] === 0x1f && prefix[1] === 0x8b) return 'gzip'
  if (prefix[0] === 0x28 && prefix[1] === 0xb5 && prefix[2] === 0x2f && prefix[3] === 0xfd) return 'zstd'
  return 'none'
}

/**
 * The bytes inside, whatever they are packed in; lent as {@link fileBytes} lends them, where that is asked for.
 * Throws `GZIP_INVALID` or `ZSTD_INVALID` for what is corrupt or cut short.
 */
export async function* decompressed(bytes: Bytes, where: string, { lent = false } = {}): Bytes {
  const source = rewindable(bytes)
  try {
    const compression = detectCompression(await source.peek(LONGEST_MAGIC))
    if (compression === 'none') yield* source.rest()
    else yield* (await decompressor(compression))(source, where, { lent })
  } finally {
    await source.close()
  }
}

type Decompressor = (source: Rewindable, where: string, how: { lent: boolean }) => Bytes

// Most commands open an image and read none of its layers: node:zlib takes 3 ms to load.
async function decompressor(compression: 'gzip' | 'zstd'): Promise<Decompressor> {
  if (compression === 'gzip') return (await import('./gunzip.ts')).gunzipped
  return (await import('./unzstd.ts')).unzstd
}
