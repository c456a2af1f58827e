import { OciError } from '../errors.ts'
import { type Digest, parseDigest } from './digest.ts'
import { sortedMap } from './goJson.ts'
import { OCI_EMPTY } from './mediaTypes.ts'
import { object, optional, record, shown, string, strings } from './parse.ts'
import { type Platform, parsePlatformObject } from './platform.ts'

/** What to fetch and how to know it is right: type, digest and size. image-spec descriptor.md. */
export interface Descriptor {
  mediaType: string
  digest: Digest
  /** In bytes. */
  size: number
  urls?: string[]
  annotations?: Record<string, string>
  /** The content itself, base64. */
  data?: string
  platform?: Platform
  artifactType?: string
}

/** The blob `{}`, which stands where there is nothing to say. image-spec manifest.md § Guidance for an Empty Descriptor. */
export const EMPTY_DESCRIPTOR: Descriptor = Object.freeze({
  mediaType: OCI_EMPTY,
  digest: parseDigest('sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a'),
  size: 2,
  data: 'e30=',
})

/** Checks a descriptor that came from outside. Throws `MANIFEST_INVALID`, `DIGEST_INVALID` or `SIZE_INVALID`. */
export function parseDescriptor(json: unknown, where: string): Descriptor {
  const it = object(json, where)
  const descriptor: Descriptor = {
    mediaType: string(it.mediaType, `${where}.mediaType`),
    digest: parseDigest(it.digest, `${where}.digest`),
    size: parseSize(it.size, `${where}.size`),
    urls: optional(it.urls, urls => strings(urls, `${where}.urls`)),
    annotations: optional(it.annotations, annotations => record(annotations, `${where}.annotations`)),
    data: optional(it.data, data => string(data, `${where}.data`)),
    platform: optional(it.platform, platform => parsePlatformObject(platform, `${where}.platform`)),
    artifactType: optional(it.artifactType, type => string(type, `${where}.artifactType`)),
  }
  // What was absent stays absent: descriptors are compared and written again.
  return Object.fromEntries(
    Object.entries(descriptor).filter(([, value]) => value !== undefined),
  ) as unknown as Descriptor
}

function parseSize(value: unknown, where: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw new OciError('SIZE_INVALID', `${where}: not a size (want bytes ≥ 0, got ${shown(value)})`, {
    want: 'bytes ≥ 0',
    got: value,
    where,
  })
}

/** The fields in the order of the Go struct: OCI's, or Docker's, which has the size before the digest. */
export function writableDescriptor(it: Descriptor, order: 'oci' | 'docker'): object {
  const annotations = it.annotations && sortedMap(it.annotations)
  if (order === 'docker')
    return {
      mediaType: it.mediaType,
      size: it.size,
      digest: it.digest,
      urls: it.urls,
      annotations,
      platform: it.platform,
    }
  const { mediaType, digest, size, urls, data, platform, artifactType } = it
  return { mediaType, digest, size, urls, annotations, data, platform, artifactType }
}
