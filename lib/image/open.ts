import type { Bytes } from '../bytes/bytes.ts'
import { collect } from '../bytes/collect.ts'
import { decompressed } from '../bytes/compression.ts'
import { verified } from '../bytes/verified.ts'
import { isOciError, OciError } from '../errors.ts'
import type { Descriptor } from '../spec/descriptor.ts'
import { type Digest, shortDigest } from '../spec/digest.ts'
import { type ImageConfig, parseImageConfig } from '../spec/imageConfig.ts'
import { detectMediaType, type Manifest, parseIndex, parseManifest } from '../spec/manifest.ts'
import {
  DOCKER_SCHEMA1,
  DOCKER_SCHEMA1_UNSIGNED,
  isConfigType,
  isIndexType,
  isLayerType,
  isManifestType,
} from '../spec/mediaTypes.ts'
import { choosePlatform, hostPlatform, type Platform } from '../spec/platform.ts'
import type { BlobSource, Image, Layer } from './image.ts'

// A manifest of this size would name forty thousand layers. distribution-spec asks registries to take 4 MiB.
const MANIFEST_LIMIT = 4 << 20
const CONFIG_LIMIT = 8 << 20
// Indexes may point to indexes; one that points to itself must not turn us round for ever.
const DEPTH_LIMIT = 4

/**
 * Opens the image a descriptor names, through an index by platform. Everything is verified as it is read.
 * Throws `MANIFEST_INVALID`, `MEDIA_TYPE_UNKNOWN`, `PLATFORM_UNKNOWN`, `DIGEST_INVALID` and what the source throws.
 */
export async function openImage(
  blobs: BlobSource,
  descriptor: Descriptor,
  options: { platform?: Platform } = {},
): Promise<Image> {
  const { raw, found } = await readManifest(blobs, descriptor, options.platform, 0)
  const where = `manifest ${shortDigest(found.digest)}`
  const manifest = parseManifest(raw, where, found.mediaType)
  if (!isConfigType(manifest.config.mediaType))
    throw new OciError('MEDIA_TYPE_UNKNOWN', `${where}: not an image: its config is ${manifest.config.mediaType}`, {
      got: manifest.config.mediaType,
      where,
    })
  const configName = `config ${shortDigest(manifest.config.digest)}`
  const rawConfig = await collect(blobs.get(manifest.config), CONFIG_LIMIT, configName)
  const config = parseImageConfig(rawConfig, configName)
  return imageOf({ descriptor: found, manifest, config, raw, rawConfig, blobs })
}

/** Puts an image together from its parts. Throws `MANIFEST_INVALID` when manifest and config disagree. */
export function imageOf(parts: {
  descriptor: Descriptor
  manifest: Manifest
  config: ImageConfig
  raw: Uint8Array
  rawConfig: Uint8Array
  blobs: Pick<BlobSource, 'get'>
}): Image {
  const { descriptor, manifest, config, raw, rawConfig, blobs } = parts
  const where = `manifest ${shortDigest(descriptor.digest)}`
  const diffIds = config.rootfs.diff_ids
  if (manifest.layers.length !== diffIds.length)
    throw new OciError(
      'MANIFEST_INVALID',
      `${where}: ${manifest.layers.length} layers, but the config has ${diffIds.length} diff_ids`,
      {
        want: diffIds.length,
        got: manifest.layers.length,
        where,
      },
    )
  for (const { mediaType } of manifest.layers)
    if (!isLayerType(mediaType))
      throw new OciError('MEDIA_TYPE_UNKNOWN', `${where}: not a layer: ${mediaType}`, { got: mediaType, where })
  const layers = manifest.layers.map((layer, index) => layerOf(blobs, layer, diffIds[index]!))
  return { descriptor, manifest, config, layers, raw: part => (part === 'manifest' ? raw : rawConfig) }
}

function layerOf(blobs: Pick<BlobSource, 'get'>, descriptor: Descriptor, diffId: Digest): Layer {
  const where = `layer ${shortDigest(descriptor.digest)}`
  return {
    descriptor,
    diffId,
    compressed: how => blobs.get(descriptor, how),
    uncompressed: ({ lent = false } = {}) => {
      if (!lent) return asDiff(decompressed(blobs.get(descriptor), where), diffId, where)
      const packed = verified(blobs.get(descriptor, { lent }), descriptor, where)
      // A bare tar has one digest for both, and that is verified already.
      return descriptor.digest === diffId ? packed : asDiff(decompressed(packed, where, { lent }), diffId, where)
    },
  }
}

async function* asDiff(bytes: Bytes, diffId: Digest, where: string): Bytes {
  let whole = false
  async function* watched(): Bytes {
    yield* bytes
    whole = true
  }
  try {
    yield* verified(watched(), { digest: diffId }, where)
  } catch (error) {
    // The compressed bytes were right: it is the config that promises another tar.
    if (whole && isOciError(error, 'DIGEST_INVALID'))
      throw new OciError('DIFF_ID_INVALID', `${error.message}: not its diff_id`, error.data, { cause: error })
    throw error
  }
}

async function readManifest(
  blobs: BlobSource,
  descriptor: Descriptor,
  platform: Platform | undefined,
  depth: number,
): Promise<{ raw: Uint8Array; found: Descriptor }> {
  const where = `manifest ${shortDigest(descriptor.digest)}`
  if (depth > DEPTH_LIMIT)
    throw new OciError('MANIFEST_INVALID', `${where}: indexes nested too deep (want at most ${DEPTH_LIMIT})`, {
      want: DEPTH_LIMIT,
      where,
    })
  const raw = await collect(blobs.get(descriptor), MANIFEST_LIMIT, where)
  const mediaType = typeOf(raw, descriptor.mediaType, where)
  if (isIndexType(mediaType)) {
    const { manifests } = parseIndex(raw, where, mediaType)
    return readManifest(blobs, choosePlatform(manifests, platform ?? hostPlatform(), where), platform, depth + 1)
  }
  // Schema 1 is refused by name, in parseManifest.
  if (isManifestType(mediaType) || [DOCKER_SCHEMA1, DOCKER_SCHEMA1_UNSIGNED].includes(mediaType))
    return { raw, found: { ...descriptor, mediaType } }
  throw new OciError('MEDIA_TYPE_UNKNOWN', `${where}: not an image manifest: ${mediaType}`, { got: mediaType, where })
}

/** What whoever pointed here said it is, if it looks like that; what it looks like, if they did not know. */
function typeOf(raw: Uint8Array, said: string, where: string): string {
  const seen = detectMediaType(raw, where)
  if (!isIndexType(said) && !isManifestType(said)) return seen
  // CVE-2021-41190: an index that is taken for a manifest can mean one thing here and another there.
  if (isIndexType(said) === isIndexType(seen)) return said
  throw new OciError('MANIFEST_INVALID', `${where}: want ${said}, got ${seen}`, { want: said, got: seen, where })
}
