import { Command } from 'commander'
import { repack } from '../engine/edit/repack.ts'
import { changeImage } from './changeImage.ts'
import { type ImageFlags, withImageFlags } from './imageFlags.ts'

export function command(): Command {
  return withImageFlags(new Command())
    .description('Makes a layer of what was changed in an unpacked bundle (umoci repack).')
    .argument('<bundle>', 'a folder that ocilab unpack --bundle has made')
    .argument('<destination>', 'such as oci:oci-demo-app:v1')
    .requiredOption('--image <source>', 'the image it was unpacked from')
    .option('--json', 'the result as JSON')
    .action((bundle: string, destination: string, flags: ImageFlags & { image: string }) =>
      changeImage(flags.image, destination, flags, (image, blobs, options) => repack(image, bundle, blobs, options)),
    )
}
