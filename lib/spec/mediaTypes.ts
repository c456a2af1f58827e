/** The media types of image-spec 1.1 and of Docker's image manifest v2 schema 2, and how they pair up (media-types.md). */

export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json'
export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
export const OCI_CONFIG = 'application/vnd.oci.image.config.v1+json'
export const OCI_LAYER = 'application/vnd.oci.image.layer.v1.tar'
export const OCI_LAYER_GZIP = 'application/vnd.oci.image.layer.v1.tar+gzip'
export const OCI_LAYER_ZSTD = 'application/vnd.oci.image.layer.v1.tar+zstd'
export const OCI_LAYER_FOREIGN = 'application/vnd.oci.image.layer.nondistributable.v1.tar'
export const OCI_LAYER_FOREIGN_GZIP = 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip'
export const OCI_EMPTY = 'application/vnd.oci.empty.v1+json'

export const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json'
export const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json'
export const DOCKER_CONFIG = 'application/vnd.docker.container.image.v1+json'
export const DOCKER_LAYER = 'application/vnd.docker.image.rootfs.diff.tar'
export const DOCKER_LAYER_GZIP = 'application/vnd.docker.image.rootfs.diff.tar.gzip'
export const DOCKER_LAYER_ZSTD = 'application/vnd.docker.image.rootfs.diff.tar.zstd'
export const DOCKER_LAYER_FOREIGN = 'application/vnd.docker.image.rootfs.foreign.diff.tar'
export const DOCKER_LAYER_FOREIGN_GZIP = 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip'

/** Manifest v2 schema 1, signed: recognised only to be refused by name. */
export const DOCKER_SCHEMA1 = 'application/vnd.docker.distribution.manifest.v1+prettyjws'
export const DOCKER_SCHEMA1_UNSIGNED = 'application/vnd.docker.distribution.manifest.v1+json'

const PAIRS = [
  [DOCKER_LIST, OCI_INDEX],
  [DOCKER_MANIFEST, OCI_MANIFEST],
  [DOCKER_CONFIG, OCI_CONFIG],
  [DOCKER_LAYER, OCI_LAYER],
  [DOCKER_LAYER_GZIP, OCI_LAYER_GZIP],
  [DOCKER_LAYER_ZSTD, OCI_LAYER_ZSTD],
  [DOCKER_LAYER_FOREIGN, OCI_LAYER_FOREIGN],
  [DOCKER_LAYER_FOREIGN_GZIP, OCI_LAYER_FOREIGN_GZIP],
] as const

const TO_OCI = new Map<string, string>(PAIRS)
const TO_DOCKER = new Map<string, string>(PAIRS.map(([docker, oci]) => [oci, docker]))

/** The OCI twin of a docker media type; any other type is returned as it is. */
export const ociMediaType = (mediaType: string): string => TO_OCI.get(mediaType) ?? mediaType

/** The docker twin of an OCI media type; any other type is returned as it is. */
export const dockerMediaType = (mediaType: string): string => TO_DOCKER.get(mediaType) ?? mediaType

export const isIndexType = (mediaType: string): boolean => mediaType === OCI_INDEX || mediaType === DOCKER_LIST
export const isManifestType = (mediaType: string): boolean =>
  mediaType === OCI_MANIFEST || mediaType === DOCKER_MANIFEST
export const isConfigType = (mediaType: string): boolean => mediaType === OCI_CONFIG || mediaType === DOCKER_CONFIG

const NONDISTRIBUTABLE = new Set([
  OCI_LAYER_FOREIGN,
  OCI_LAYER_FOREIGN_GZIP,
  'application/vnd.oci.image.layer.nondistributable.v1.tar+zstd',
  DOCKER_LAYER_FOREIGN,
  DOCKER_LAYER_FOREIGN_GZIP,
])

/** Layers that may not be given on: a registry need not have them. image-spec layer.md § Non-Distributable Layers. */
export const isNondistributable = (mediaType: string): boolean => NONDISTRIBUTABLE.has(mediaType)

export type Compression = 'none' | 'gzip' | 'zstd'

const LAYERS = new Map<string, Compression>([
  [OCI_LAYER, 'none'],
  [OCI_LAYER_GZIP, 'gzip'],
  [OCI_LAYER_ZSTD, 'zstd'],
  [OCI_LAYER_FOREIGN, 'none'],
  [OCI_LAYER_FOREIGN_GZIP, 'gzip'],
  [DOCKER_LAYER, 'none'],
  [DOCKER_LAYER_GZIP, 'gzip'],
  [DOCKER_LAYER_ZSTD, 'zstd'],
  [DOCKER_LAYER_FOREIGN, 'none'],
  [DOCKER_LAYER_FOREIGN_GZIP, 'gzip'],
])

/** What a layer's media type says of its bytes; undefined for what is no layer. */
export const compressionOf = (mediaType: string): Compression | undefined => LAYERS.get(mediaType)

export const isLayerType = (mediaType: string): boolean => LAYERS.has(mediaType)

/** The OCI layer media type for a compression. */
export function layerMediaType(compression: Compression): string {
  return { none: OCI_LAYER, gzip: OCI_LAYER_GZIP, zstd: OCI_LAYER_ZSTD }[compression]
}
