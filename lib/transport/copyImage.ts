import { bytesOf } from '../bytes/collect.ts'
import { gzipped, zstdCompressed } from '../bytes/compress.ts'
import { metered } from '../bytes/metered.ts'
import { type BlobLabel, emit } from '../events.ts'
import { toDocker, toOci } from '../image/convert.ts'
import type { Image, Layer } from '../image/image.ts'
import { Budget, layerName } from '../image/limits.ts'
import type { Descriptor } from '../spec/descriptor.ts'
import { writeManifest } from '../spec/manifest.ts'
import { DOCKER_MANIFEST } from '../spec/mediaTypes.ts'
import type { CopyOptions, CopyResult } from './copy.ts'
import { inParallel } from './inParallel.ts'
import { changedType, changeFor, type Recompression } from './layerChange.ts'
import type { ImageSink } from './transport.ts'

/** Enough to keep the network and both processors busy; more only fights for the disk. */
export const PARALLEL = 3

/** Copies an image's layers and its config, and gives its manifest to `put`. */
export async function copyImage(
  image: Image,
  sink: ImageSink,
  options: CopyOptions,
  stop: () => void,
  put: ImageSink['commit'],
): Promise<CopyResult> {
  const fitting = fit(image, sink, options)
  // One blob may be in an image twice, an empty layer say: it moves once.
  const unlike = [...new Map(fitting.layers.map(layer => [layer.descriptor.digest, layer])).values()]
  const moved = await inParallel(unlike, PARALLEL, layer => copyLayer(layer, sink, options), stop)
  const byDigest = new Map(unlike.map((layer, index) => [layer.descriptor.digest, moved[index]!.descriptor]))
  const layers = fitting.layers.map(layer => byDigest.get(layer.descriptor.digest)!)
  // Not beside them: a copy that is interrupted would leave a folder with nothing but a config in it.
  const config = await copyConfig(fitting, sink, options)
  const { mediaType } = fitting.descriptor
  options.signal?.throwIfAborted()
  const manifest = await put({ mediaType, raw: manifestWith(fitting, layers) })
  const all = [...moved, config]
  const there = all.filter(blob => blob.skipped).length
  return { manifest, config: config.descriptor, skipped: there, copied: all.length - there }
}

/** The image with a manifest the destination can hold; the image itself where it can. */
function fit(image: Image, { manifestTypes }: ImageSink, { profile, recompress }: CopyOptions): Image {
  // Docker's manifest has no word for zstd that everybody understands.
  if (recompress?.format === 'zstd') return toOci(image, profile)
  if (manifestTypes.includes(image.descriptor.mediaType)) return image
  return manifestTypes[0] === DOCKER_MANIFEST ? toDocker(image) : toOci(image, profile)
}

/** A blob at its destination, and whether it was there before. */
export interface Copied {
  readonly descriptor: Descriptor
  readonly skipped: boolean
}

async function copyLayer(layer: Layer, sink: ImageSink, options: CopyOptions): Promise<Copied> {
  const { descriptor, diffId } = layer
  const change = changeFor(layer, sink.layers, options.recompress)
  if (change === 'none') return copyBlob('layer', descriptor, how => layer.compressed(how), sink, options, diffId)
  const mediaType = changedType(descriptor.mediaType, change, options.recompress)
  const { digest, size } = descriptor
  // The bar of a layer that is unpacked counts tar bytes: how many there will be is not known before.
  const label: BlobLabel = change === 'compress' ? { kind: 'layer', digest, size } : { kind: 'layer', digest }
  // A compressor is done with a chunk before it asks for the next one.
  const lent = change !== 'decompress' || (sink.takesLent ?? false)
  const tar = () => metered(new Budget().within(layer.uncompressed({ lent }), size, layerName(layer)), label, options)
  const bytes = () => (change === 'decompress' ? tar() : packed(tar(), options.recompress))
  const put = await sink.putBlob({ kind: 'layer', mediaType, diffId }, bytes(), bytes)
  const { data: _data, ...rest } = descriptor
  return { descriptor: { ...rest, mediaType, ...put }, skipped: false }
}

function packed(tar: ReturnType<Layer['uncompressed']>, { format = 'gzip', level }: Partial<Recompression> = {}) {
  return format === 'zstd' ? zstdCompressed(tar, level) : gzipped(tar, level)
}

function copyConfig(image: Image, sink: ImageSink, options: CopyOptions): Promise<Copied> {
  return copyBlob('config', image.manifest.config, () => bytesOf(image.raw('config')), sink, options)
}

/** Moves a blob as it is, unless it is there. */
export async function copyBlob(
  kind: 'layer' | 'config',
  descriptor: Descriptor,
  open: Layer['compressed'],
  sink: ImageSink,
  options: CopyOptions,
  diffId?: Layer['diffId'],
): Promise<Copied> {
  const { digest, size, mediaType } = descriptor
  const label = { kind, digest, size } as const
  if (await sink.has(descriptor)) {
    emit(options, { type: 'blob', state: 'skipped', blob: label, offset: size })
    return { descriptor, skipped: true }
  }
  const bytes = () => metered(open({ lent: sink.takesLent ?? false }), label, options)
  await sink.putBlob({ ...label, mediaType, ...(diffId && { diffId }) }, bytes(), bytes)
  return { descriptor, skipped: false }
}

/** The manifest as it was where no layer changed; else written anew, with a mediaType only if it had one. */
function manifestWith(image: Image, layers: Descriptor[]): Uint8Array {
  const { manifest } = image
  const isSame = layers.every((layer, index) => layer.digest === manifest.layers[index]!.digest)
  return isSame
    ? image.raw('manifest')
    : writeManifest({ ...manifest, layers }, manifest.mediaType ? 'current' : '2020')
}
