import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { collect } from '../../bytes/collect.ts'
import { writeTar } from '../../bytes/writeTar.ts'
import { tarInput } from '../../rootfs/testLayers.ts'
import { digestOf, hexOf } from '../../spec/digest.ts'
import { OCI_CONFIG, OCI_LAYER_GZIP, OCI_MANIFEST } from '../../spec/mediaTypes.ts'
import { OCI_LAYOUT, REF_NAME } from '../layoutIndex.ts'

// biome-ignore lint/suspicious/noExplicitAny: what is hostile has no type
export type Json = any

export const TAR = Buffer.from(await collect(writeTar([tarInput('file', { body: 'content' })])))
export const LAYER = gzipSync(TAR)

/** What is otherwise than in an honest layout. What is no object goes as the bytes it is. */
export interface Changes {
  layer?: Uint8Array
  config?: (it: Json) => unknown
  manifest?: (it: Json) => unknown
  index?: (it: Json) => unknown
  /** The bytes of oci-layout. */
  version?: string
  /** What is done to the files then. */
  spoil?: (at: Places) => void
}

/** Where the files of a layout are. */
export interface Places {
  readonly layout: string
  readonly index: string
  readonly version: string
  readonly blobs: string
  readonly manifest: string
  readonly config: string
  readonly layer: string
  /** A file that nobody may read. */
  readonly secret: string
}

/** A layout with one image, `v0`, of one layer with one file; but for the changes. */
export function layoutAt(layout: string, secret: string, changes: Changes = {}): void {
  const blobs = join(layout, 'blobs/sha256')
  mkdirSync(blobs, { recursive: true })
  const put = (mediaType: string, bytes: Uint8Array) => {
    writeFileSync(join(blobs, hexOf(digestOf(bytes))), bytes)
    return { mediaType, digest: digestOf(bytes), size: bytes.length }
  }
  const { layer = LAYER, config = same, manifest = same, index = same, version = OCI_LAYOUT } = changes
  const layerBlob = put(OCI_LAYER_GZIP, layer)
  const rootfs = { type: 'layers', diff_ids: [digestOf(TAR)] }
  const configBlob = put(OCI_CONFIG, bytes(config({ architecture: 'amd64', os: 'linux', config: {}, rootfs })))
  const whole = { schemaVersion: 2, mediaType: OCI_MANIFEST, config: configBlob, layers: [layerBlob] }
  const manifestBlob = put(OCI_MANIFEST, bytes(manifest(whole)))
  const named = { ...manifestBlob, annotations: { [REF_NAME]: 'v0' } }
  const places = {
    layout,
    secret,
    blobs,
    index: join(layout, 'index.json'),
    version: join(layout, 'oci-layout'),
    manifest: join(blobs, hexOf(manifestBlob.digest)),
    config: join(blobs, hexOf(configBlob.digest)),
    layer: join(blobs, hexOf(layerBlob.digest)),
  }
  writeFileSync(places.version, version)
  writeFileSync(places.index, bytes(index({ schemaVersion: 2, manifests: [named] })))
  changes.spoil?.(places)
}

const same = (it: Json) => it

export function bytes(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
}
