import { Command } from 'commander'
import { editImage } from '../engine/edit/edit.ts'
import { layerOfFile } from '../engine/edit/newLayer.ts'
import { wholeHistory } from '../engine/edit/repack.ts'
import { changeImage, changingVerb } from './changeImage.ts'
import type { ImageFlags } from './imageFlags.ts'

export function command(): Command {
  return changingVerb(new Command())
    .description('Puts tars on top of an image, each as a layer (crane append).')
    .requiredOption('-f, --new-layer <tar...>', 'the tars, plain or compressed, lowest first')
    .action((source: string, destination: string, flags: ImageFlags & { newLayer: string[] }) =>
      changeImage(source, destination, flags, async (image, blobs, options) => {
        const layers = [...image.layers]
        for (const file of flags.newLayer) layers.push(await layerOfFile(file, blobs, options))
        const created_by = `ocilab append ${flags.newLayer.join(' ')}`
        const history = [...wholeHistory(image), ...flags.newLayer.map(() => ({ created_by }))]
        return editImage(image, { layers, history }, blobs)
      }),
    )
}
