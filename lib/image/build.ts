import type { Bytes } from '../bytes/bytes.ts'
import { bytesOf } from '../bytes/collect.ts'
import { gzipped } from '../bytes/compress.ts'
import type { Descriptor } from '../spec/descriptor.ts'
import { type Digest, digester } from '../spec/digest.ts'
import { goJson, sortedMap } from '../spec/goJson.ts'
import { type History, type ImageConfig, type ProcessDefaults, writeImageConfig } from '../spec/imageConfig.ts'
import { type Manifest, writeManifest } from '../spec/manifest.ts'
import {
  DOCKER_CONFIG,
  DOCKER_MANIFEST,
  dockerMediaType,
  layerMediaType,
  OCI_CONFIG,
  OCI_MANIFEST,
} from '../spec/mediaTypes.ts'
import type { Platform } from '../spec/platform.ts'
import type { BlobSource, BlobStore, Image } from './image.ts'
import { memoryBlobs, putBytes } from './memory.ts'
import { openImage } from './open.ts'

/** One layer to be: a tar, and the line of history that tells where it came from. */
export interface NewLayer {
  /** Uncompressed. */
  tar: Uint8Array | Bytes
  history?: History
  /** How it is stored: `gzip` unless you say `none`. */
  compression?: 'gzip' | 'none'
}

export interface NewImage extends Platform {
  layers: NewLayer[]
  config?: ProcessDefaults
  created?: string
  author?: string
  /** Lines of history that made no layer: they come after those of the layers. */
  emptyHistory?: History[]
  /** `docker`: a v2s2 manifest, and the fields that Docker alone has in its config. */
  flavour?: 'oci' | 'docker'
  /** What Docker keeps beside OCI's fields; only with the docker flavour. */
  dockerExtras?: Record<string, unknown>
}

/** Makes an image of tars and a configuration. Its blobs go to `blobs`: memory, unless you give a folder. */
export async function imageFrom(parts: NewImage, blobs: BlobStore = memoryBlobs()): Promise<Image> {
  const docker = parts.flavour === 'docker'
  const layers: { descriptor: Descriptor; diffId: Digest }[] = []
  for (const layer of parts.layers) layers.push(await putLayer(blobs, layer, docker))
  const { created, author, architecture, os, variant, config } = parts
  const history = [
    ...parts.layers.map(layer => layer.history ?? {}),
    ...(parts.emptyHistory ?? []).map(line => ({ ...line, empty_layer: true })),
  ]
  const imageConfig: ImageConfig = {
    created,
    author,
    architecture,
    os,
    variant,
    config,
    rootfs: { type: 'layers', diff_ids: layers.map(layer => layer.diffId) },
    history,
  }
  const rawConfig = docker ? withExtras(imageConfig, parts.dockerExtras) : writeImageConfig(imageConfig)
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: docker ? DOCKER_MANIFEST : OCI_MANIFEST,
    config: await putBytes(blobs, docker ? DOCKER_CONFIG : OCI_CONFIG, rawConfig),
    layers: layers.map(layer => layer.descriptor),
  }
  return openImage(blobs, await putBytes(blobs, manifest.mediaType!, writeManifest(manifest)))
}

/** The image with one more layer on top. ≙ `crane append` */
export async function appendLayer(image: Image, layer: NewLayer, blobs: BlobStore = memoryBlobs()): Promise<Image> {
  const { descriptor, diffId } = await putLayer(blobs, layer, image.descriptor.mediaType === DOCKER_MANIFEST)
  const { config } = image
  const rootfs = { ...config.rootfs, diff_ids: [...config.rootfs.diff_ids, diffId] }
  const history = [...wholeHistory(config), layer.history ?? {}]
  const created = layer.history?.created ?? config.created
  return changed(image, { ...config, created, rootfs, history }, [...image.manifest.layers, descriptor], blobs)
}

/** Readers match lines to layers one by one, so that every layer needs one: history itself is optional. */
function wholeHistory({ history = [], rootfs }: ImageConfig): History[] {
  const told = history.filter(line => !line.empty_layer).length
  return [...history, ...Array.from({ length: rootfs.diff_ids.length - told }, () => ({}))]
}

/** The image with another configuration for its process. ≙ `crane mutate` */
export async function setConfig(
  image: Image,
  change: Partial<ProcessDefaults>,
  blobs: BlobStore = memoryBlobs(),
): Promise<Image> {
  return changed(
    image,
    { ...image.config, config: { ...image.config.config, ...change } },
    image.manifest.layers,
    blobs,
  )
}

async function changed(image: Image, config: ImageConfig, layers: Descriptor[], blobs: BlobStore): Promise<Image> {
  const manifest: Manifest = {
    ...image.manifest,
    config: await putBytes(blobs, image.manifest.config.mediaType, writeImageConfig(config)),
    layers,
  }
  const descriptor = await putBytes(
    blobs,
    image.descriptor.mediaType,
    writeManifest({ ...manifest, mediaType: image.descriptor.mediaType }),
  )
  return openImage(over(blobs, image), descriptor)
}

/** Puts a layer into the store and names it by both digests. */
async function putLayer(
  blobs: BlobStore,
  { tar, compression = 'gzip' }: NewLayer,
  docker: boolean,
): Promise<{ descriptor: Descriptor; diffId: Digest }> {
  const hash = digester()
  async function* hashed(): Bytes {
    for await (const chunk of tar instanceof Uint8Array ? bytesOf(tar) : tar) {
      hash.update(chunk)
      yield chunk
    }
  }
  const stored = await blobs.put(compression === 'gzip' ? gzipped(hashed()) : hashed())
  const type = layerMediaType(compression)
  const mediaType = docker ? dockerMediaType(type) : type
  return { descriptor: { mediaType, ...stored }, diffId: hash.digest() }
}

/** New blobs first, then those of the image they were built on. */
function over(blobs: BlobStore, image: Image): BlobSource {
  const below = new Map(image.layers.map(layer => [layer.descriptor.digest, layer]))
  const has = async (blob: Descriptor) => (await blobs.has(blob)) || below.has(blob.digest)
  async function* get(blob: Descriptor): Bytes {
    yield* (await blobs.has(blob)) ? blobs.get(blob) : (below.get(blob.digest)?.compressed() ?? blobs.get(blob))
  }
  return { has, get }
}

/** Docker writes all keys of its config in the order of their bytes. */
function withExtras(config: ImageConfig, extras: Record<string, unknown> = {}): Uint8Array {
  const plain = JSON.parse(new TextDecoder().decode(writeImageConfig(config))) as Record<string, unknown>
  const merged = { ...plain, ...extras, config: { ...(extras.config as object), ...(plain.config as object) } }
  return new TextEncoder().encode(goJson(sortedMap(merged)))
}
