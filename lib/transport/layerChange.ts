import type { Layer } from '../image/image.ts'
import {
  compressionOf,
  DOCKER_LAYER,
  DOCKER_LAYER_FOREIGN,
  DOCKER_LAYER_FOREIGN_GZIP,
  DOCKER_LAYER_GZIP,
  DOCKER_LAYER_ZSTD,
  OCI_LAYER,
  OCI_LAYER_FOREIGN,
  OCI_LAYER_FOREIGN_GZIP,
  OCI_LAYER_GZIP,
  OCI_LAYER_ZSTD,
} from '../spec/mediaTypes.ts'
import type { ImageSink } from './transport.ts'

/** What a copy does to a layer's bytes on their way. */
export type LayerChange = 'none' | 'compress' | 'decompress' | 'recompress'

/** How layers are to be packed; each format has its own scale of levels, and its own default. */
export interface Recompression {
  format: 'gzip' | 'zstd'
  level?: number
}

/** A layer whose digest is its diffId is a bare tar, whatever its media type says; any other is compressed. */
export function changeFor(
  { descriptor, diffId }: Pick<Layer, 'descriptor' | 'diffId'>,
  wanted: ImageSink['layers'],
  recompress?: Recompression,
): LayerChange {
  const isTar = descriptor.digest === diffId
  if (wanted === 'decompress') return isTar ? 'none' : 'decompress'
  if (recompress && !isTar && compressionOf(descriptor.mediaType) !== recompress.format) return 'recompress'
  return isTar && (wanted === 'compress' || recompress) ? 'compress' : 'none'
}

const COMPRESSED = new Map([
  [OCI_LAYER, OCI_LAYER_GZIP],
  [OCI_LAYER_ZSTD, OCI_LAYER_GZIP],
  [OCI_LAYER_FOREIGN, OCI_LAYER_FOREIGN_GZIP],
  [DOCKER_LAYER, DOCKER_LAYER_GZIP],
  [DOCKER_LAYER_ZSTD, DOCKER_LAYER_GZIP],
  [DOCKER_LAYER_FOREIGN, DOCKER_LAYER_FOREIGN_GZIP],
])

const DECOMPRESSED = new Map([
  [OCI_LAYER_GZIP, OCI_LAYER],
  [OCI_LAYER_ZSTD, OCI_LAYER],
  [OCI_LAYER_FOREIGN_GZIP, OCI_LAYER_FOREIGN],
  [DOCKER_LAYER_GZIP, DOCKER_LAYER],
  [DOCKER_LAYER_ZSTD, DOCKER_LAYER],
  [DOCKER_LAYER_FOREIGN_GZIP, DOCKER_LAYER_FOREIGN],
])

/** The media type of a layer after the change: compressed means gzip where nothing else was asked for. */
export function changedType(
  mediaType: string,
  change: Exclude<LayerChange, 'none'>,
  recompress?: Recompression,
): string {
  if (change === 'decompress') return DECOMPRESSED.get(mediaType) ?? mediaType
  // Only OCI's manifest has zstd, and no foreign layers in it.
  if (recompress?.format === 'zstd') return OCI_LAYER_ZSTD
  return COMPRESSED.get(mediaType) ?? mediaType
}
