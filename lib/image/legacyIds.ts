import { type Digest, digestOf, hexOf } from '../spec/digest.ts'
import { goJson, sortedMap } from '../spec/goJson.ts'
import { chainIds } from './chainId.ts'
import { processConfig } from './dockerConfig.ts'

/** A layer as Docker's first image format knew it: a small image of its own, with a parent. */
export interface LegacyLayer {
  /** 64 hex digits: the name of the layer's folder in an archive of `docker save`. */
  readonly id: string
  /** The text of the folder's `json`. */
  readonly json: string
}

type Json = Record<string, unknown>

/** The order in which Docker's struct writes the fields. */
const FIELDS = [
  'id',
  'parent',
  'comment',
  'created',
  'container',
  'container_config',
  'docker_version',
  'author',
  'config',
  'architecture',
  'variant',
  'os',
]

/**
 * The legacy ids of all layers, lowest first. A daemon wrote the epoch of its own time zone into lower layers, so the
 * ids depend on where it stood: `epoch` is that time (the article's daemon stood at UTC+8).
 */
export function legacyLayers(
  rawConfig: Uint8Array,
  diffIds: readonly Digest[],
  epoch = '1970-01-01T00:00:00Z',
): LegacyLayer[] {
  const chain = chainIds(diffIds)
  const layers: LegacyLayer[] = []
  for (const [index, chainId] of chain.entries()) {
    const isTop = index === chain.length - 1
    const image = isTop ? topImage(rawConfig) : { created: epoch, container_config: processConfig(), os: 'linux' }
    layers.push(legacyLayer(image, chainId, layers.at(-1)?.id, isTop))
  }
  return layers
}

/** The ids of lower layers only: they need no config. */
export function lowerLegacyIds(diffIds: readonly Digest[], epoch: string): string[] {
  return legacyLayers(new TextEncoder().encode('{}'), [...diffIds, diffIds[0]!], epoch)
    .slice(0, -1)
    .map(layer => layer.id)
}

function legacyLayer(image: Json, chainId: Digest, parent: string | undefined, isTop: boolean): LegacyLayer {
  // The id is made from the keys in the order of their bytes; lower layers leave the os out of it.
  const { os, ...withoutOs } = image
  const hashed: Json = {
    ...(isTop ? image : withoutOs),
    layer_id: chainId,
    ...(parent && { parent: `sha256:${parent}` }),
  }
  const id = hexOf(digestOf(goJson(sortedMap(hashed))))
  const written: Json = { ...image, os: os ?? 'linux', id, ...(parent && { parent }) }
  const ordered = FIELDS.filter(field => field in written).map(field => [field, written[field]])
  return { id, json: goJson(Object.fromEntries(ordered)) }
}

/** The top layer keeps the image's config, without what only newer images have. */
function topImage(rawConfig: Uint8Array): Json {
  const config = JSON.parse(new TextDecoder().decode(rawConfig)) as Json
  const { rootfs: _rootfs, history: _history, ...image } = config
  return image
}
