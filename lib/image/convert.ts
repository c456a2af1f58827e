import { bytesOf } from '../bytes/collect.ts'
import type { Descriptor } from '../spec/descriptor.ts'
import { digestOf } from '../spec/digest.ts'
import { writeImageConfig } from '../spec/imageConfig.ts'
import { type Manifest, writeManifest } from '../spec/manifest.ts'
import {
  DOCKER_CONFIG,
  DOCKER_MANIFEST,
  dockerMediaType,
  OCI_CONFIG,
  OCI_MANIFEST,
  ociMediaType,
} from '../spec/mediaTypes.ts'
import type { Profile } from '../spec/profile.ts'
import type { BlobSource, Image } from './image.ts'
import { imageOf } from './open.ts'

/**
 * The same image with an OCI manifest: the layers keep their bytes and digests, media types get their OCI names, and
 * the config is written anew without Docker's own fields, so it is smaller and has another digest. image-spec media-types.md.
 */
export function toOci(image: Image, profile: Profile = 'current'): Image {
  if (image.descriptor.mediaType === OCI_MANIFEST) return image
  const rawConfig = writeImageConfig(image.config)
  const config: Descriptor = { mediaType: OCI_CONFIG, digest: digestOf(rawConfig), size: rawConfig.length }
  const layers = image.manifest.layers.map(layer => ({ ...layer, mediaType: ociMediaType(layer.mediaType) }))
  return withManifest(image, { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers }, rawConfig, profile)
}

/** The same image with a Docker manifest (v2 schema 2); the config keeps its bytes. */
export function toDocker(image: Image): Image {
  if (image.descriptor.mediaType === DOCKER_MANIFEST) return image
  const config: Descriptor = { ...image.manifest.config, mediaType: DOCKER_CONFIG }
  const layers = image.manifest.layers.map(layer => ({ ...layer, mediaType: dockerMediaType(layer.mediaType) }))
  return withManifest(image, { schemaVersion: 2, mediaType: DOCKER_MANIFEST, config, layers }, image.raw('config'))
}

function withManifest(image: Image, manifest: Manifest, rawConfig: Uint8Array, profile: Profile = 'current'): Image {
  const blobs: Pick<BlobSource, 'get'> = {
    get(blob, how) {
      if (blob.digest === manifest.config.digest) return bytesOf(rawConfig)
      const index = manifest.layers.findIndex(layer => layer.digest === blob.digest)
      return image.layers[index]!.compressed(how)
    },
  }
  return build(manifest, image, rawConfig, profile, blobs)
}

function build(
  manifest: Manifest,
  image: Image,
  rawConfig: Uint8Array,
  profile: Profile,
  blobs: Pick<BlobSource, 'get'>,
): Image {
  const raw = writeManifest(manifest, profile)
  const descriptor: Descriptor = {
    mediaType: manifest.mediaType ?? OCI_MANIFEST,
    digest: digestOf(raw),
    size: raw.length,
  }
  return imageOf({ descriptor, manifest, config: image.config, raw, rawConfig, blobs })
}
