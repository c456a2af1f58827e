import { Command } from 'commander'
import { editImage } from '../engine/edit/edit.ts'
import { layerOf } from '../engine/edit/newLayer.ts'
import { flatten } from '../image/flatten.ts'
import { changeImage, changingVerb } from './changeImage.ts'
import type { ImageFlags } from './imageFlags.ts'
import { type LimitFlags, limitsOf, withLimitFlags } from './limitFlags.ts'
import { keepMemorySmall } from './memory.ts'

export function command(): Command {
  return withLimitFlags(changingVerb(new Command()))
    .description('Makes one layer of all (crane flatten): what was removed is gone for good.')
    .action((source: string, destination: string, flags: ImageFlags & LimitFlags) =>
      changeImage(source, destination, flags, async (image, blobs, options) => {
        keepMemorySmall()
        const files = flatten(image, { ...options, limits: limitsOf(flags), lent: true })
        const layer = await layerOf(files, blobs, options)
        const created_by = `ocilab flatten ${image.descriptor.digest}`
        return editImage(image, { layers: [layer], history: [{ created: image.config.created, created_by }] }, blobs)
      }),
    )
}
