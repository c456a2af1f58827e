import { collect } from '../../bytes/collect.ts'
import { decompressed, detectCompression } from '../../bytes/compression.ts'
import { verified } from '../../bytes/verified.ts'
import { OciError } from '../../errors.ts'
import type { Options } from '../../events.ts'
import type { BlobSource, Image } from '../../image/image.ts'
import { imageOf } from '../../image/open.ts'
import type { Descriptor } from '../../spec/descriptor.ts'
import { digestOf, shortDigest } from '../../spec/digest.ts'
import { parseImageConfig } from '../../spec/imageConfig.ts'
import { type Manifest, writeManifest } from '../../spec/manifest.ts'
import { DOCKER_CONFIG, DOCKER_LAYER_GZIP, DOCKER_MANIFEST } from '../../spec/mediaTypes.ts'
import type { Reference } from '../../spec/reference.ts'
import { type ArchiveFile, openArchive } from '../archiveFile.ts'
import type { ImageSource } from '../transport.ts'
import { type ArchivedImage, chooseImage, readManifestJson } from './manifestJson.ts'

const CONFIG_LIMIT = 8 << 20

/** Opens an archive of `docker save`, of any age, for reading one image. */
export async function archiveSource(
  path: string,
  choice: Reference | number | undefined,
  where: string,
  options?: Options,
): Promise<ImageSource> {
  const archive = await openArchive(path, where, options)
  try {
    const chosen = chooseImage(await readManifestJson(archive), choice, where)
    return { resolve: () => imageIn(archive, chosen), close: () => archive.close() }
  } catch (error) {
    await archive.close()
    throw error
  }
}

/** The archive has no manifest with digests: this makes one, byte for byte the one skopeo makes. */
async function imageIn(archive: ArchiveFile, { Config, Layers }: ArchivedImage): Promise<Image> {
  const { where } = archive
  const rawConfig = await collect(archive.bytes(Config), CONFIG_LIMIT, `${where}: ${Config}`)
  const config = parseImageConfig(rawConfig, `${where}: ${Config}`)
  const diffIds = config.rootfs.diff_ids
  if (Layers.length !== diffIds.length)
    throw new OciError(
      'ARCHIVE_INVALID',
      `${where}: ${Layers.length} layers, but the config has ${diffIds.length} diff_ids`,
      {
        want: diffIds.length,
        got: Layers.length,
        where,
      },
    )
  const layers: Descriptor[] = []
  for (const [index, name] of Layers.entries()) {
    // skopeo says gzip, though what it hands over is the bare tar: for its digests to be ours, so do we.
    layers.push({ mediaType: DOCKER_LAYER_GZIP, digest: diffIds[index]!, size: await tarSize(archive, name) })
  }
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: DOCKER_MANIFEST,
    config: { mediaType: DOCKER_CONFIG, digest: digestOf(rawConfig), size: rawConfig.length },
    layers,
  }
  const raw = writeManifest(manifest)
  const descriptor = { mediaType: DOCKER_MANIFEST, digest: digestOf(raw), size: raw.length }
  return imageOf({ descriptor, manifest, config, raw, rawConfig, blobs: layersIn(archive, manifest, Layers) })
}

function layersIn(archive: ArchiveFile, { layers }: Manifest, names: readonly string[]): Pick<BlobSource, 'get'> {
  return {
    get(blob, how) {
      const index = layers.findIndex(layer => layer.digest === blob.digest)
      const where = `${archive.where}: layer ${shortDigest(blob.digest)}`
      if (index < 0) throw new OciError('BLOB_UNKNOWN', `${where}: not there`, { want: blob.digest, where })
      const bytes = decompressed(archive.bytes(names[index]!, how), where, how)
      return how?.lent ? bytes : verified(bytes, blob, where)
    },
  }
}

/** The size of the tar; some programs put compressed layers into archives, which only tell it when they are unpacked. */
async function tarSize(archive: ArchiveFile, name: string): Promise<number> {
  const size = archive.size(name)
  for await (const chunk of archive.bytes(name)) {
    if (detectCompression(chunk) === 'none') return size
    let total = 0
    for await (const unpacked of decompressed(archive.bytes(name), `${archive.where}: ${name}`))
      total += unpacked.length
    return total
  }
  return size
}
