import { metered } from '../../bytes/metered.ts'
import { say } from '../../events.ts'
import type { Image } from '../../image/image.ts'
import type { Profile } from '../../spec/profile.ts'
import { familiarReference, type Reference } from '../../spec/reference.ts'
import { stagingFor } from '../outputFile.ts'
import type { TransportOptions } from '../transport.ts'
import { deliverTo } from './dockerArchive.ts'
import type { SavedImage, SavedLayer } from './savedImage.ts'
import { archiveBytes, stageLayer } from './writer.ts'

/** An image and the names it is saved under. */
export interface NamedImage {
  readonly image: Image
  readonly tags: readonly Reference[]
}

/** Saves several images in one archive; layers they share are in it once. ≙ `docker save -o PATH A B`. Throws `TARGET_EXISTS`. */
export async function saveImages(
  images: readonly NamedImage[],
  path: string,
  options: TransportOptions & { profile?: Profile } = {},
): Promise<void> {
  say(options, `docker save -o ${path} ${images.flatMap(({ tags }) => tags.map(familiarReference)).join(' ')}`)
  const staging = await stagingFor(path)
  try {
    const layers = new Map<string, SavedLayer>()
    const saved: SavedImage[] = []
    for (const { image, tags } of images) {
      for (const { descriptor, diffId, uncompressed } of image.layers) {
        if (layers.has(diffId)) continue
        const bytes = metered(uncompressed({ lent: true }), { kind: 'layer', digest: descriptor.digest }, options)
        layers.set(diffId, await stageLayer(await staging.file(), { diffId }, bytes))
      }
      saved.push({
        rawConfig: image.raw('config'),
        created: image.config.created,
        layers: image.layers.map(layer => layers.get(layer.diffId)!),
        tags,
      })
    }
    await deliverTo(path, archiveBytes(saved, options.profile), staging)
  } finally {
    await staging.close()
  }
}
