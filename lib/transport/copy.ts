import { isOciError, isSystemError, OciError } from '../errors.ts'
import { say } from '../events.ts'
import type { Descriptor } from '../spec/descriptor.ts'
import { isIndexType } from '../spec/mediaTypes.ts'
import { copyArtifact } from './copyArtifact.ts'
import { copyCommand } from './copyCommand.ts'
import { copyImage } from './copyImage.ts'
import { copyIndex } from './copyIndex.ts'
import type { Recompression } from './layerChange.ts'
import { parseTransport } from './parse.ts'
import type { ImageSink, ImageSource, Transport, TransportOptions } from './transport.ts'

/** See {@link TransportOptions}; `profile` says whose bytes to write. */
export interface CopyOptions extends TransportOptions {
  /** Every image of an index, not only this machine's. ≙ `--all` */
  all?: boolean
  /** Layers that are packed otherwise are packed anew. ≙ `--dest-compress-format`, `--dest-compress-level` */
  recompress?: Recompression
  /** What holds for one side only. ≙ `--src-…` and `--dest-…` */
  source?: TransportOptions
  destination?: TransportOptions
}

/** What a copy made at its destination, and how many blobs (layers and config) had to move for it. */
export interface CopyResult {
  readonly manifest: Descriptor
  /** Absent for an index: each of its images has its own. */
  readonly config?: Descriptor
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
  // One layer that fails stops the others: what they still fetch would be for nothing.
  const stop = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal
  const inner = { ...options, signal }
  try {
    options.signal?.throwIfAborted()
    return await through(here, there, inner, () => stop.abort())
  } catch (error) {
    options.signal?.throwIfAborted()
    // Whoever read what we write has gone, as `head` does: no error of either place.
    if (!isSystemError(error) || error.code === 'EPIPE') throw error
    const where = `${here.name} to ${there.name}`
    throw new OciError('IO', `${where}: ${error.message}`, { got: error.code, where }, { cause: error })
  }
}

async function through(from: Transport, to: Transport, options: CopyOptions, stop: () => void): Promise<CopyResult> {
  const { source: ofSource, destination: ofDestination, ...common } = options
  const source = await from.source({ ...common, ...ofSource })
  try {
    const mountFrom = sharedRepository(from, to)
    const sink = await to.sink({ ...common, ...ofDestination, ...(mountFrom !== undefined && { mountFrom }) })
    try {
      return await copyContent(source, sink, options, stop)
    } finally {
      await sink.close()
    }
  } finally {
    await source.close()
  }
}

async function copyContent(
  source: ImageSource,
  sink: ImageSink,
  options: CopyOptions,
  stop: () => void,
): Promise<CopyResult> {
  if (options.all && source.open) {
    const content = await source.open()
    if (isIndexType(content.descriptor.mediaType)) return copyIndex(content, sink, options, stop)
  }
  try {
    const image = await source.resolve()
    return await copyImage(image, sink, options, stop, sink.commit)
  } catch (error) {
    // Something else that lives in registries: a chart, a signature, somebody's files.
    if (!isOciError(error, 'MEDIA_TYPE_UNKNOWN') || !source.open || options.recompress) throw error
    return copyArtifact(await source.open(), sink, options, stop, sink.commit)
  }
}

/** Blobs of a repository of the same registry need not move: they are mounted. */
function sharedRepository({ repository: from }: Transport, { repository: to }: Transport): string | undefined {
  return from && to && from.domain === to.domain && from.path !== to.path ? from.path : undefined
}
