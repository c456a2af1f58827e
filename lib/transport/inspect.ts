import { collect } from '../bytes/collect.ts'
import { isOciError } from '../errors.ts'
import type { Image } from '../image/image.ts'
import { openImage } from '../image/open.ts'
import type { Descriptor } from '../spec/descriptor.ts'
import type { Digest } from '../spec/digest.ts'
import { parseIndex } from '../spec/manifest.ts'
import { isIndexType } from '../spec/mediaTypes.ts'
import { parseTransport } from './parse.ts'
import { clientFor } from './registry/transport.ts'
import type { Content, Transport, TransportOptions } from './transport.ts'

/** What `skopeo inspect` shows, in its order and under its names. */
export interface Inspection {
  Name?: string
  Digest: Digest
  RepoTags: string[]
  Created?: string
  DockerVersion: string
  Labels: Record<string, string> | null
  Architecture: string
  Os: string
  Variant?: string
  Layers: Digest[]
  LayersData: {
    MIMEType: string
    Digest: Digest
    DiffID: Digest
    Size: number
    Annotations: Record<string, string> | null
  }[]
  Env: string[] | null
}

export interface InspectOptions extends TransportOptions {
  /** Without the list of all tags, which may be long. ≙ `--no-tags` */
  noTags?: boolean
}

const INDEX_LIMIT = 4 << 20

/** What an image is made of. ≙ `skopeo inspect` */
export async function inspect(name: string, options: InspectOptions = {}): Promise<Inspection> {
  const transport = parseTransport(name)
  const source = await transport.source(options)
  try {
    return summary(await source.resolve(), transport, await tagsOf(transport, options))
  } finally {
    await source.close()
  }
}

/** The same for every image of an index, which skopeo cannot show. What is no image, an attestation say, is left out. */
export async function inspectAll(name: string, options: InspectOptions = {}): Promise<Inspection[]> {
  const transport = parseTransport(name)
  const source = await transport.source(options)
  try {
    const tags = await tagsOf(transport, options)
    if (source.open === undefined) return [summary(await source.resolve(), transport, tags)]
    const images = await imagesOf(await source.open())
    return images.map(image => summary(image, transport, tags))
  } finally {
    await source.close()
  }
}

async function imagesOf({ descriptor, blobs }: Content): Promise<Image[]> {
  if (!isIndexType(descriptor.mediaType)) return [await openImage(blobs, descriptor)]
  const raw = await collect(blobs.get(descriptor), INDEX_LIMIT, 'index')
  const { manifests } = parseIndex(raw, 'index', descriptor.mediaType)
  const images: Image[] = []
  for (const entry of manifests) images.push(...(await imageIn({ descriptor: entry, blobs })))
  return images
}

async function imageIn({ descriptor, blobs }: Content): Promise<Image[]> {
  try {
    return [await openImage(blobs, descriptor)]
  } catch (error) {
    if (isOciError(error, 'MEDIA_TYPE_UNKNOWN')) return []
    throw error
  }
}

async function tagsOf({ repository }: Transport, options: InspectOptions): Promise<string[]> {
  if (repository === undefined || options.noTags) return []
  const client = clientFor(repository, options)
  try {
    return await client.tags()
  } finally {
    client.close()
  }
}

function summary({ descriptor, config, layers }: Image, { repository }: Transport, tags: string[]): Inspection {
  const blobs: Descriptor[] = layers.map(layer => layer.descriptor)
  return {
    ...(repository && { Name: `${repository.domain}/${repository.path}` }),
    Digest: descriptor.digest,
    RepoTags: tags,
    ...(config.created !== undefined && { Created: config.created }),
    DockerVersion: '',
    Labels: config.config?.Labels ?? null,
    Architecture: config.architecture,
    Os: config.os,
    ...(config.variant !== undefined && { Variant: config.variant }),
    Layers: blobs.map(blob => blob.digest),
    LayersData: layers.map(({ descriptor: blob, diffId }) => ({
      MIMEType: blob.mediaType,
      Digest: blob.digest,
      DiffID: diffId,
      Size: blob.size,
      Annotations: blob.annotations ?? null,
    })),
    Env: config.config?.Env ?? null,
  }
}
