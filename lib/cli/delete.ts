import { Command } from 'commander'
import { deleteImage } from '../transport/registry/delete.ts'
import { type ImageFlags, transportOptions, withImageFlags } from './imageFlags.ts'
import { bareReference } from './registryName.ts'
import { session } from './session.ts'

export function command(): Command {
  return withImageFlags(new Command())
    .description('Deletes an image from a registry, with all its tags (skopeo delete).')
    .argument('<reference>', 'docker://HOST/NAME:TAG')
    .option('--tag-only', 'only this tag, and not the image')
    .action((name: string, flags: ImageFlags & { tagOnly?: boolean }) =>
      session(flags, async options => {
        const { tagOnly } = flags
        await deleteImage(bareReference(name), { ...options, ...transportOptions(flags), tagOnly })
      }),
    )
}
