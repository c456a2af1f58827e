import type { Bytes } from '../../bytes/bytes.ts'
import { collect } from '../../bytes/collect.ts'
import { gzipped } from '../../bytes/compress.ts'
import { decompressed, detectCompression } from '../../bytes/compression.ts'
import { fileBytes } from '../../bytes/file.ts'
import { readTar } from '../../bytes/readTar.ts'
import { untilAborted, whileWanted } from '../../bytes/untilAborted.ts'
import type { Options } from '../../events.ts'
import type { BlobStore, Layer } from '../../image/image.ts'
import { digester } from '../../spec/digest.ts'
import { layerMediaType } from '../../spec/mediaTypes.ts'

const MAGIC = 4

/** A tar as a layer: one that is compressed keeps its bytes, another is compressed with gzip. Throws `TAR_INVALID`. */
export async function layerOfFile(path: string, blobs: BlobStore, options: Options = {}): Promise<Layer> {
  const bytes = () => untilAborted(fileBytes(path), options.signal)
  // A layer nobody can unpack is better told of now.
  for await (const _member of readTar(decompressed(bytes(), path), path));
  const compression = detectCompression(await collect(fileBytes(path, { start: 0, end: MAGIC })))
  if (compression === 'none') return layerOf(fileBytes(path), blobs, options)
  const stored = await blobs.put(bytes())
  const hash = digester()
  for await (const chunk of decompressed(bytes(), path)) hash.update(chunk)
  return held({ mediaType: layerMediaType(compression), ...stored }, hash.digest(), blobs)
}

/** A tar, compressed with gzip and stored. */
export async function layerOf(tar: Bytes, blobs: BlobStore, { signal }: Options = {}): Promise<Layer> {
  const hash = digester()
  async function* hashed(): Bytes {
    for await (const chunk of whileWanted(tar, signal)) {
      hash.update(chunk)
      yield chunk
    }
  }
  const stored = await blobs.put(gzipped(hashed()))
  return held({ mediaType: layerMediaType('gzip'), ...stored }, hash.digest(), blobs)
}

function held(descriptor: Layer['descriptor'], diffId: Layer['diffId'], blobs: BlobStore): Layer {
  const compressed = () => blobs.get(descriptor)
  return { descriptor, diffId, compressed, uncompressed: () => decompressed(compressed(), 'layer') }
}
