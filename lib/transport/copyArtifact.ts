import { collect } from '../bytes/collect.ts'
import { OciError } from '../errors.ts'
import { shortDigest } from '../spec/digest.ts'
import { parseManifest } from '../spec/manifest.ts'
import type { CopyOptions, CopyResult } from './copy.ts'
import { copyBlob, PARALLEL } from './copyImage.ts'
import { inParallel } from './inParallel.ts'
import type { Content, ImageSink } from './transport.ts'

const MANIFEST_LIMIT = 4 << 20

/** Copies a manifest that is no image, with all it names, byte for byte. image-spec manifest.md § Guidelines for Artifact Usage. */
export async function copyArtifact(
  { descriptor, blobs }: Content,
  sink: ImageSink,
  options: CopyOptions,
  stop: () => void,
  put: ImageSink['commit'],
): Promise<CopyResult> {
  const where = `manifest ${shortDigest(descriptor.digest)}`
  const raw = await collect(blobs.get(descriptor), MANIFEST_LIMIT, where)
  const { config, layers } = parseManifest(raw, where, descriptor.mediaType)
  if (!sink.manifestTypes.includes(descriptor.mediaType))
    throw new OciError('MEDIA_TYPE_UNKNOWN', `${where}: no image, and this place holds nothing else`, {
      got: config.mediaType,
      where,
    })
  const parts = new Map([...layers, config].map(blob => [blob.digest, blob]))
  const kind = (digest: string) => (digest === config.digest ? 'config' : 'layer')
  const moved = await inParallel(
    [...parts.values()],
    PARALLEL,
    blob => copyBlob(kind(blob.digest), blob, how => blobs.get(blob, how), sink, options),
    stop,
  )
  options.signal?.throwIfAborted()
  const manifest = await put({ mediaType: descriptor.mediaType, raw })
  const skipped = moved.filter(blob => blob.skipped).length
  return { manifest, config, skipped, copied: moved.length - skipped }
}
