import { rm } from 'node:fs/promises'
import type { Bytes } from '../../bytes/bytes.ts'
import { collect } from '../../bytes/collect.ts'
import { fileBytes } from '../../bytes/file.ts'
import { verified } from '../../bytes/verified.ts'
import { writeTar } from '../../bytes/writeTar.ts'
import { OciError } from '../../errors.ts'
import { type Digest, digester, digestOf } from '../../spec/digest.ts'
import { parseImageConfig } from '../../spec/imageConfig.ts'
import { parseManifest } from '../../spec/manifest.ts'
import { DOCKER_MANIFEST } from '../../spec/mediaTypes.ts'
import type { Profile } from '../../spec/profile.ts'
import type { Reference } from '../../spec/reference.ts'
import { type Staging, writeNew } from '../staging.ts'
import type { ImageSink, PutBlob } from '../transport.ts'
import { currentLayout } from './currentLayout.ts'
import { legacyLayout } from './legacyLayout.ts'
import type { SavedImage, SavedLayer } from './savedImage.ts'

const CONFIG_LIMIT = 8 << 20

/** The bytes of an archive with these images, lent: Docker's layout up to 24 (profile 2020), or since 25. ≙ `docker save` */
export function archiveBytes(images: readonly SavedImage[], profile: Profile = 'current'): Bytes {
  return writeTar(profile === '2020' ? legacyLayout(images) : currentLayout(images))
}

/** A sink that keeps the layers' tars in files until the manifest says their order, and then delivers the archive. */
export function archiveSink(into: {
  staging: Staging
  tags: readonly Reference[]
  profile?: Profile
  deliver(archive: Bytes): Promise<void>
}): ImageSink {
  const { staging, tags, profile, deliver } = into
  const layers = new Map<Digest, SavedLayer>()
  const configs = new Map<Digest, Uint8Array>()
  return {
    manifestTypes: [DOCKER_MANIFEST],
    layers: 'decompress',
    takesLent: true,
    has: async ({ digest }) => layers.has(digest),
    async putBlob(blob, bytes) {
      if (blob.kind === 'layer') {
        const layer = await stageLayer(await staging.file(), blob, bytes)
        layers.set(layer.diffId, layer)
        return { digest: layer.diffId, size: layer.size }
      }
      const raw = await collect(bytes, CONFIG_LIMIT)
      const digest = digestOf(raw)
      configs.set(digest, raw)
      return { digest, size: raw.length }
    },
    async commit({ mediaType, raw }) {
      const manifest = parseManifest(raw, 'manifest', mediaType)
      const rawConfig = put(configs, manifest.config.digest)
      const { created } = parseImageConfig(rawConfig, 'config')
      const image = { rawConfig, created, layers: manifest.layers.map(({ digest }) => put(layers, digest)), tags }
      await deliver(archiveBytes([image], profile))
      return { mediaType, digest: digestOf(raw), size: raw.length }
    },
    close: () => staging.close(),
  }
}

/** Writes a layer's tar to a file, to know its size and to have it at hand when its turn comes. */
export async function stageLayer(
  path: string,
  { digest, size, diffId = digest }: Omit<PutBlob, 'kind' | 'mediaType'>,
  bytes: Bytes,
): Promise<SavedLayer> {
  const hash = digester()
  let total = 0
  try {
    await writeNew(path, digest ? verified(bytes, { digest, size }, `layer ${digest}`) : bytes, {
      onChunk: chunk => {
        total += chunk.length
        if (!diffId) hash.update(chunk)
      },
    })
  } catch (error) {
    await rm(path, { force: true })
    throw error
  }
  return { diffId: diffId ?? hash.digest(), size: total, bytes: () => fileBytes(path, { lent: true }) }
}

function put<T>(map: ReadonlyMap<Digest, T>, digest: Digest): T {
  const found = map.get(digest)
  if (found === undefined)
    throw new OciError('MANIFEST_BLOB_UNKNOWN', `manifest: ${digest} was not put before`, { want: digest })
  return found
}
