import { bytesOf } from '../../bytes/collect.ts'
import type { Image, Layer } from '../../image/image.ts'
import { imageOf } from '../../image/open.ts'
import type { Descriptor } from '../../spec/descriptor.ts'
import { type Digest, digestOf } from '../../spec/digest.ts'
import { goJson, parseJson } from '../../spec/goJson.ts'
import {
  type History,
  type ImageConfig,
  type ProcessDefaults,
  parseImageConfig,
  writeImageConfig,
} from '../../spec/imageConfig.ts'
import { type Manifest, writeManifest } from '../../spec/manifest.ts'
import { OCI_CONFIG, OCI_MANIFEST, ociMediaType } from '../../spec/mediaTypes.ts'
import type { Health } from './dockerfile/instruction.ts'

/** A config's process part with what Docker adds to OCI's. */
export interface BuildConfig extends ProcessDefaults {
  Healthcheck?: Health
  OnBuild?: string[]
  StopTimeout?: number
  Shell?: string[]
}

export interface BuildImageConfig extends ImageConfig {
  config: BuildConfig
  history: History[]
}

/** The image an instruction leaves behind: the next one builds on it. Never changed, only replaced. */
export interface BuiltImage {
  /** The digest of the config: docker's image id. Nothing for scratch. */
  readonly id: Digest | undefined
  readonly image: BuildImageConfig
  readonly raw: Uint8Array
  readonly layers: readonly Layer[]
  /** How many of the layers came with the image that FROM names. */
  readonly ground: number
}

const DOCKERS_OWN = ['Healthcheck', 'OnBuild', 'StopTimeout', 'Shell'] as const

/** Reads a config with what OCI's has no field for. Throws `MANIFEST_INVALID`. */
export function builtImage(
  raw: Uint8Array,
  layers: readonly Layer[],
  where: string,
  ground = layers.length,
): BuiltImage {
  const { config = {}, history = [], ...rest } = parseImageConfig(raw, where)
  const { config: all } = parseJson(raw, where, 'MANIFEST_INVALID') as { config?: Record<string, unknown> }
  const own = DOCKERS_OWN.filter(name => all?.[name] !== undefined && all[name] !== null)
  const more = Object.fromEntries(own.map(name => [name, all![name]]))
  return { id: digestOf(raw), image: { ...rest, config: { ...config, ...more }, history }, raw, layers, ground }
}

/** The bytes of a config: OCI's fields in its order, then Docker's, as BuildKit writes them. */
export function writeBuildImage(image: BuildImageConfig): Uint8Array {
  const whole = JSON.parse(new TextDecoder().decode(writeImageConfig(image))) as { config: object }
  const own = DOCKERS_OWN.map(name => [name, filled(image.config[name])])
  const config = { ...whole.config, ...Object.fromEntries(own.filter(([, value]) => value !== undefined)) }
  return new TextEncoder().encode(goJson({ ...whole, config }))
}

/** The same image with an OCI manifest; unlike a conversion for others, this keeps what Docker adds to its config. */
export function withOciManifest(image: Image): Image {
  if (image.descriptor.mediaType === OCI_MANIFEST) return image
  const rawConfig = writeBuildImage(builtImage(image.raw('config'), image.layers, 'config').image)
  const layers = image.manifest.layers.map(layer => ({ ...layer, mediaType: ociMediaType(layer.mediaType) }))
  const config = { mediaType: OCI_CONFIG, digest: digestOf(rawConfig), size: rawConfig.length }
  const manifest: Manifest = { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers }
  const raw = writeManifest(manifest)
  const descriptor = { mediaType: OCI_MANIFEST, digest: digestOf(raw), size: raw.length }
  const get = ({ digest }: Descriptor) =>
    digest === config.digest
      ? bytesOf(rawConfig)
      : image.layers.find(it => it.descriptor.digest === digest)!.compressed()
  return imageOf({ descriptor, manifest, config: image.config, raw, rawConfig, blobs: { get } })
}

/** What FROM scratch begins with. */
export function scratch(platform: Pick<ImageConfig, 'architecture' | 'os' | 'variant'>): BuiltImage {
  const image: BuildImageConfig = { ...platform, config: {}, rootfs: { type: 'layers', diff_ids: [] }, history: [] }
  return { id: undefined, image, raw: new Uint8Array(), layers: [], ground: 0 }
}

/** One instruction's result on top of an image: perhaps a layer, always a line of history. */
export function grown(
  below: BuiltImage,
  change: { config: BuildConfig; author?: string; history: History; layer?: Layer },
): BuiltImage {
  const { config, author = below.image.author, history, layer } = change
  const layers = layer ? [...below.layers, layer] : below.layers
  const image: BuildImageConfig = {
    ...below.image,
    created: history.created,
    author,
    config,
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: [...below.image.history, layer ? history : { ...history, empty_layer: true }],
  }
  const raw = writeBuildImage(image)
  return { id: digestOf(raw), image, raw, layers, ground: below.ground }
}

function filled<T>(value: T): T | undefined {
  return Array.isArray(value) && value.length === 0 ? undefined : value
}
