import type { TarInput } from '../../bytes/tar.ts'
import { dockerConfig } from '../../image/dockerConfig.ts'
import { legacyLayers } from '../../image/legacyIds.ts'
import { type Digest, digestOf, hexOf } from '../../spec/digest.ts'
import { type ArchivedImage, writeManifestJson } from './manifestJson.ts'
import { addRepositories, Members, repoTags, type SavedImage, secondsOf } from './savedImage.ts'

const VERSION = '1.0'

/**
 * The members of an archive of `docker save` up to Docker 24, the article's among them: a folder for each layer, named
 * by the layer's legacy id, with VERSION, json and layer.tar.
 */
export function legacyLayout(images: readonly SavedImage[], epoch: string = localEpoch()): TarInput[] {
  const members = new Members()
  const tars = new Map<Digest, string>()
  const saved = images.map(image => addImage(members, image, epoch, tars))
  members.file('manifest.json', writeManifestJson(saved.map(({ archived }) => archived)))
  addRepositories(members, saved)
  return members.inWalkOrder()
}

function addImage(
  members: Members,
  { rawConfig, created, layers, tags }: SavedImage,
  epoch: string,
  tars: Map<Digest, string>,
) {
  const seconds = secondsOf(created)
  const legacy = legacyLayers(
    dockerConfig(rawConfig),
    layers.map(layer => layer.diffId),
    epoch,
  )
  const config = `${hexOf(digestOf(rawConfig))}.json`
  for (const [index, { id, json }] of legacy.entries()) {
    if (members.has(id)) continue
    const layer = layers[index]!
    const first = tars.get(layer.diffId)
    members.folder(id, seconds)
    members.file(`${id}/VERSION`, VERSION, seconds)
    members.file(`${id}/json`, json, seconds)
    // The same tar a second time is a link to the first.
    if (first) members.symlink(`${id}/layer.tar`, `../${first}/layer.tar`, seconds)
    else members.file(`${id}/layer.tar`, layer, seconds)
    if (!first) tars.set(layer.diffId, id)
  }
  members.file(config, rawConfig, seconds)
  const archived: ArchivedImage = {
    Config: config,
    RepoTags: repoTags(tags),
    Layers: legacy.map(({ id }) => `${id}/layer.tar`),
  }
  return { archived, tags, top: legacy.at(-1)?.id }
}

/** The epoch in this machine's time zone, as the daemon on this machine would write it into lower layers. */
function localEpoch(): string {
  const minutes = -new Date(0).getTimezoneOffset()
  if (minutes === 0) return '1970-01-01T00:00:00Z'
  const two = (value: number) => String(value).padStart(2, '0')
  const local = new Date(minutes * 60_000).toISOString().slice(0, 19)
  const offset = Math.abs(minutes)
  return `${local}${minutes < 0 ? '-' : '+'}${two(Math.floor(offset / 60))}:${two(offset % 60)}`
}
