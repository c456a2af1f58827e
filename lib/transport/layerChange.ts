import type { Layer } from '../image/image.ts'
import {
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
export type LayerChange = 'none' | 'compress' | 'decompress'

/** A layer whose digest is its diffId is a bare tar, whatever its media type says; any other is compressed. */
export function changeFor(
  { descriptor, diffId }: Pick<Layer, 'descriptor' | 'diffId'>,
  wanted: ImageSink['layers'],
): LayerChange {
  const isTar = descriptor.digest === diffId
  if (wanted === 'compress' && isTar) return 'compress'
  if (wanted === 'decompress' && !isTar) return 'decompress'
  return 'none'
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

/** The media type of a layer after the change: compressed means gzip. */
export function changedType(mediaType: string, change: Exclude<LayerChange, 'none'>): string {
  return (change === 'compress' ? COMPRESSED : DECOMPRESSED).get(mediaType) ?? mediaType
}
