import { tmpdir } from 'node:os'
import type { Command } from 'commander'
import type { Options } from '../events.ts'
import type { BlobStore, Image } from '../image/image.ts'
import { blobDirectory } from '../transport/blobDirectory.ts'
import { copy } from '../transport/copy.ts'
import { heldImage } from '../transport/held.ts'
import { stagingIn } from '../transport/staging.ts'
import { type ImageFlags, transportOptions, withImageFlags } from './imageFlags.ts'
import { withImage } from './openImage.ts'
import { print, session } from './session.ts'

/** A verb that makes another image of one: from a place, to a place. */
export function changingVerb(command: Command): Command {
  return withImageFlags(command)
    .argument('<source>', 'such as oci:oci-demo-app:v0')
    .argument('<destination>', 'such as oci:oci-demo-app:v1')
    .option('--json', 'the result as JSON')
}

/** Opens, changes, copies; new blobs wait in a temporary folder. */
export async function changeImage(
  source: string,
  destination: string,
  flags: ImageFlags,
  change: (image: Image, blobs: BlobStore, options: Options) => Promise<Image>,
): Promise<void> {
  const result = await session(flags, async options => {
    const staging = stagingIn(tmpdir())
    try {
      const folder = await staging.file()
      return await withImage(source, flags, options, async image => {
        const changed = await change(image, blobDirectory(folder), options)
        return copy(heldImage(changed, source), destination, { ...options, ...transportOptions(flags) })
      })
    } finally {
      await staging.close()
    }
  })
  print(flags, result, () => result.manifest.digest)
}
