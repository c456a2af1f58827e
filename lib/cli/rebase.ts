import { Command } from 'commander'
import { rebase } from '../engine/edit/edit.ts'
import { changeImage, changingVerb } from './changeImage.ts'
import type { ImageFlags } from './imageFlags.ts'
import { withImage } from './openImage.ts'

export function command(): Command {
  return changingVerb(new Command())
    .description('Puts an image on another base, without building it again (crane rebase).')
    .requiredOption('--old-base <image>', 'the base it is on')
    .requiredOption('--new-base <image>', 'the base it is to be on')
    .action((source: string, destination: string, flags: ImageFlags & { oldBase: string; newBase: string }) =>
      changeImage(source, destination, flags, (image, blobs, options) =>
        withImage(flags.oldBase, flags, options, oldBase =>
          withImage(flags.newBase, flags, options, async newBase => {
            const rebased = await rebase(image, oldBase, newBase, blobs)
            // The new base is let go of before the copy: its layers have to be here by then.
            for (const { descriptor, compressed } of newBase.layers)
              if (!(await blobs.has(descriptor))) await blobs.put(compressed(), descriptor)
            return rebased
          }),
        ),
      ),
    )
}
