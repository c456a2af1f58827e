import { bytesOf } from '../bytes/collect.ts'
import { gzipped } from '../bytes/compression.ts'
import { metered } from '../bytes/metered.ts'
import { isSystemError, OciError } from '../errors.ts'
import { type BlobLabel, emit, say } from '../events.ts'
import { toDocker, toOci } from '../image/convert.ts'
import type { Image, Layer } from '../image/image.ts'
import type { Descriptor } from '../spec/descriptor.ts'
import { writeManifest } from '../spec/manifest.ts'
import { DOCKER_MANIFEST } from '../spec/mediaTypes.ts'
import { copyCommand } from './copyCommand.ts'
import { inParallel } from './inParallel.ts'
import { changedType, changeFor } from './layerChange.ts'
import { parseTransport } from './parse.ts'
import type { ImageSink, Transport, TransportOptions } from './transport.ts'

/** Enough to keep the network and both processors busy; more only fights for the disk. */
const PARALLEL = 3

/** See {@link TransportOptions}; `profile` says whose bytes to write. */
export type CopyOptions = TransportOptions

/** What a copy made at its destination, and how many blobs (layers and config) had to move for it. */
export interface CopyResult {
  readonly manifest: Descriptor
  readonly config: Descriptor
  readonly skipped: number
  readonly copied: number
}

/**
 * Copies an image between any two places, changing it only where the destination cannot hold it as it is.
 * ≙ `skopeo copy FROM TO`. On failure nothing half-written is left. Throws what both places throw, and `IO`.
 */
export async function copy(
  from: Transport | string,
  to: Transport | string,
  options: CopyOptions = {},
): Promise<CopyResult> {
  const [here, there] = [from, to].map(place => (typeof place === 'string' ? parseTransport(place) : place)) as [
    Transport,
    Transport,
  ]
  say(options, copyCommand(here.name, there.name, options))
  const stop = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal
  const inner = { ...options, signal }
  try {
    options.signal?.throwIfAborted()
    return await through(here, there, inner, () => stop.abort())
  } catch (error) {
    options.signal?.throwIfAborted()
    if (!isSystemError(error)) throw error
    const where = `${here.name} to ${there.name}`
    throw new OciError('IO', `${where}: ${error.message}`, { got: error.code, where }, { cause: error })
  }
}

async function through(from: Transport, to: Transport, options: CopyOptions, stop: () => void): Promise<CopyResult> {
  const source = await from.source(options)
  try {
    const image = await source.resolve()
    const sink = await to.sink(options)
    try {
      return await copyImage(image, sink, options, stop)
    } finally {
      await sink.close()
    }
  } finally {
    await source.close()
  }
}

async function copyImage(image: Image, sink: ImageSink, options: CopyOptions, stop: () => void): Promise<CopyResult> {
  const fitting = fit(image, sink, options)
  // One blob may be in an image twice, an empty layer say: it moves once.
  const unlike = [...new Map(fitting.layers.map(layer => [layer.descriptor.digest, layer])).values()]
  const moved = await inParallel(unlike, PARALLEL, layer => copyLayer(layer, sink, options), stop)
  const byDigest = new Map(unlike.map((layer, index) => [layer.descriptor.digest, moved[index]!.descriptor]))
  const layers = fitting.layers.map(layer => byDigest.get(layer.descriptor.digest)!)
  const config = await copyConfig(fitting, sink, options)
  const { mediaType } = fitting.descriptor
  options.signal?.throwIfAborted()
  const manifest = await sink.commit({ mediaType, raw: manifestWith(fitting, layers) })
  const all = [...moved, config]
  const there = all.filter(blob => blob.skipped).length
  return { manifest, config: config.descriptor, skipped: there, copied: all.length - there }
}

/** The image with a manifest the destination can hold; the image itself where it can. */
function fit(image: Image, { manifestTypes }: ImageSink, { profile }: CopyOptions): Image {
  if (manifestTypes.includes(image.descriptor.mediaType)) return image
  return manifestTypes[0] === DOCKER_MANIFEST ? toDocker(image) : toOci(image, profile)
}

interface Copied {
  readonly descriptor: Descriptor
  readonly skipped: boolean
}

async function copyLayer(layer: Layer, sink: ImageSink, options: CopyOptions): Promise<Copied> {
  const { descriptor, diffId } = layer
  const { digest, size } = descriptor
  const change = changeFor(layer, sink.layers)
  const label = { kind: 'layer', digest, size } as const
  if (change === 'none') {
    if (await sink.has(descriptor)) return skipped(label, options, descriptor)
    await sink.putBlob(
      { ...label, mediaType: descriptor.mediaType, diffId },
      metered(layer.compressed(), label, options),
    )
    return { descriptor, skipped: false }
  }
  const mediaType = changedType(descriptor.mediaType, change)
  // The bar of a layer that is unpacked counts tar bytes: how many there will be is not known before.
  const bytes =
    change === 'compress'
      ? gzipped(metered(layer.uncompressed(), label, options))
      : metered(layer.uncompressed(), { kind: 'layer', digest }, options)
  const put = await sink.putBlob({ kind: 'layer', mediaType, diffId }, bytes)
  const { data: _data, ...rest } = descriptor
  return { descriptor: { ...rest, mediaType, ...put }, skipped: false }
}

async function copyConfig(image: Image, sink: ImageSink, options: CopyOptions): Promise<Copied> {
  const descriptor = image.manifest.config
  const { mediaType, digest, size } = descriptor
  const label = { kind: 'config', digest, size } as const
  if (await sink.has(descriptor)) return skipped(label, options, descriptor)
  await sink.putBlob({ ...label, mediaType }, metered(bytesOf(image.raw('config')), label, options))
  return { descriptor, skipped: false }
}

function skipped(blob: BlobLabel & { size: number }, options: CopyOptions, descriptor: Descriptor): Copied {
  emit(options, { type: 'blob', state: 'skipped', blob, offset: blob.size })
  return { descriptor, skipped: true }
}

/** The manifest as it was where no layer changed; else written anew, with a mediaType only if it had one. */
function manifestWith(image: Image, layers: Descriptor[]): Uint8Array {
  const { manifest } = image
  const isSame = layers.every((layer, index) => layer.digest === manifest.layers[index]!.digest)
  return isSame
    ? image.raw('manifest')
    : writeManifest({ ...manifest, layers }, manifest.mediaType ? 'current' : '2020')
}
