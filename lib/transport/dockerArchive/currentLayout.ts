import type { TarInput } from '../../bytes/tar.ts'
import { dockerConfig } from '../../image/dockerConfig.ts'
import { legacyLayers } from '../../image/legacyIds.ts'
import type { Descriptor } from '../../spec/descriptor.ts'
import { type Digest, digestOf, hexOf } from '../../spec/digest.ts'
import { writeIndex, writeManifest } from '../../spec/manifest.ts'
import { OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST } from '../../spec/mediaTypes.ts'
import { type Reference, showReference } from '../../spec/reference.ts'
import { OCI_LAYOUT, REF_NAME } from '../layoutIndex.ts'
import { type ArchivedImage, writeManifestJson } from './manifestJson.ts'
import { addRepositories, Members, repoTags, type SavedImage, secondsOf } from './savedImage.ts'

/** The annotation by which containerd, and so Docker, keeps an image's full name. */
const IMAGE_NAME = 'io.containerd.image.name'

/**
 * The members of an archive of `docker save` since Docker 25: an OCI layout with bare tars for layers, and beside it
 * manifest.json and repositories for older readers.
 */
export function currentLayout(images: readonly SavedImage[]): TarInput[] {
  const members = new Members()
  members.folder('blobs')
  members.folder('blobs/sha256')
  const saved = images.map(image => addImage(members, image))
  const manifests = saved.flatMap(({ descriptors }) => descriptors)
  members.file('index.json', writeIndex({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }))
  members.file('manifest.json', writeManifestJson(saved.map(({ archived }) => archived)))
  members.file('oci-layout', OCI_LAYOUT)
  addRepositories(members, saved)
  return members.inWalkOrder()
}

function addImage(members: Members, image: SavedImage) {
  const { rawConfig, layers, tags } = image
  const seconds = secondsOf(image.created)
  for (const layer of layers) members.file(blob(layer.diffId), layer, seconds)
  // Nothing points to these any more; Docker still writes them.
  const diffIds = layers.map(layer => layer.diffId)
  for (const { json } of legacyLayers(dockerConfig(rawConfig), diffIds))
    members.file(blob(digestOf(json)), json, seconds)
  members.file(blob(digestOf(rawConfig)), rawConfig, seconds)
  const descriptors = layers.map(({ diffId, size }): Descriptor => ({ mediaType: OCI_LAYER, digest: diffId, size }))
  const config: Descriptor = { mediaType: OCI_CONFIG, digest: digestOf(rawConfig), size: rawConfig.length }
  const raw = writeManifest({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: descriptors })
  members.file(blob(digestOf(raw)), raw)
  const archived: ArchivedImage = {
    Config: blob(config.digest),
    RepoTags: repoTags(tags),
    Layers: diffIds.map(blob),
    LayerSources: layerSources(descriptors),
  }
  const top = diffIds.at(-1)
  return {
    archived,
    tags,
    top: top && hexOf(top),
    descriptors: named({ mediaType: OCI_MANIFEST, digest: digestOf(raw), size: raw.length }, tags),
  }
}

/** By diffId, in the order of the keys' bytes; the size comes before the digest, as in Docker's own descriptors. */
function layerSources(layers: readonly Descriptor[]): Record<string, object> {
  const sources = layers.map(({ mediaType, size, digest }) => [digest, { mediaType, size, digest }] as const)
  return Object.fromEntries(sources.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** One descriptor for each name, or one without. */
function named(descriptor: Descriptor, tags: readonly Reference[]): Descriptor[] {
  if (tags.length === 0) return [descriptor]
  return tags.map(tag => ({
    ...descriptor,
    annotations: { [IMAGE_NAME]: showReference(tag), [REF_NAME]: tag.tag ?? 'latest' },
  }))
}

// blobs/sha256/44136fa3…
function blob(digest: Digest): string {
  return `blobs/sha256/${hexOf(digest)}`
}
