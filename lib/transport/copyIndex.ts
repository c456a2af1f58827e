import { collect } from '../bytes/collect.ts'
import { isOciError, OciError } from '../errors.ts'
import { openImage } from '../image/open.ts'
import type { Descriptor } from '../spec/descriptor.ts'
import { shortDigest } from '../spec/digest.ts'
import { type Index, parseIndex, writeIndex } from '../spec/manifest.ts'
import { DOCKER_LIST, DOCKER_MANIFEST, isIndexType, OCI_INDEX } from '../spec/mediaTypes.ts'
import type { CopyOptions, CopyResult } from './copy.ts'
import { copyArtifact } from './copyArtifact.ts'
import { copyImage } from './copyImage.ts'
import type { Content, ImageSink } from './transport.ts'

const INDEX_LIMIT = 4 << 20
const DEPTH_LIMIT = 4

type Put = ImageSink['commit']

/** Copies an index with everything in it, the images first: nobody may see one that is not there. ≙ `skopeo copy --all` */
export async function copyIndex(
  content: Content,
  sink: ImageSink,
  options: CopyOptions,
  stop: () => void,
): Promise<CopyResult> {
  if (sink.putManifest === undefined)
    throw new OciError('UNSUPPORTED', 'all images of an index: this place holds only one', {
      want: 'docker://, oci: or oci-archive:',
    })
  return copyOne(content, { sink, options, stop, putManifest: sink.putManifest }, sink.commit, 0)
}

interface Work {
  sink: ImageSink
  options: CopyOptions
  stop: () => void
  putManifest: Put
}

async function copyOne({ descriptor, blobs }: Content, work: Work, put: Put, depth: number): Promise<CopyResult> {
  const { sink, options } = work
  const where = `index ${shortDigest(descriptor.digest)}`
  if (depth > DEPTH_LIMIT)
    throw new OciError('MANIFEST_INVALID', `${where}: indexes nested too deep (want at most ${DEPTH_LIMIT})`, {
      want: DEPTH_LIMIT,
      where,
    })
  const raw = await collect(blobs.get(descriptor), INDEX_LIMIT, where)
  const index = parseIndex(raw, where, descriptor.mediaType)
  const results: CopyResult[] = []
  // One after the other: inside each, layers go in parallel, and what two images share moves once.
  for (const entry of index.manifests) results.push(await copyEntry({ descriptor: entry, blobs }, work, depth))
  options.signal?.throwIfAborted()
  const manifests = index.manifests.map((entry, i) => changed(entry, results[i]!.manifest))
  const isSame = manifests.every((entry, i) => entry.digest === index.manifests[i]!.digest)
  const mediaType = typeFor(descriptor.mediaType, manifests, sink)
  const isKept = isSame && mediaType === descriptor.mediaType
  const manifest = await put({ mediaType, raw: isKept ? raw : rewritten(index, mediaType, manifests) })
  return { manifest, skipped: sum(results, 'skipped'), copied: sum(results, 'copied') }
}

async function copyEntry(content: Content, work: Work, depth: number): Promise<CopyResult> {
  const { descriptor, blobs } = content
  const { sink, options, stop, putManifest } = work
  if (isIndexType(descriptor.mediaType)) return copyOne(content, work, putManifest, depth + 1)
  try {
    return await copyImage(await openImage(blobs, descriptor), sink, options, stop, putManifest)
  } catch (error) {
    // An attestation, say, stands in the index beside the image it is about.
    if (!isOciError(error, 'MEDIA_TYPE_UNKNOWN')) throw error
    return copyArtifact(content, sink, options, stop, putManifest)
  }
}

/** The entry of an image that was converted or packed anew: its place and platform stay. */
function changed(entry: Descriptor, { mediaType, digest, size }: Descriptor): Descriptor {
  if (entry.digest === digest) return entry
  const { data: _data, ...rest } = entry
  return { ...rest, mediaType, digest, size }
}

/** Docker's list holds only Docker's manifests; any other place and content wants an OCI index. */
function typeFor(before: string, manifests: readonly Descriptor[], { manifestTypes }: ImageSink): string {
  if (before === OCI_INDEX || !manifestTypes.includes(DOCKER_LIST)) return OCI_INDEX
  return manifests.every(it => it.mediaType === DOCKER_MANIFEST) ? DOCKER_LIST : OCI_INDEX
}

function rewritten(index: Index, mediaType: string, manifests: Descriptor[]): Uint8Array {
  return writeIndex({ ...index, mediaType, manifests })
}

function sum(results: readonly CopyResult[], field: 'skipped' | 'copied'): number {
  return results.reduce((total, result) => total + result[field], 0)
}
