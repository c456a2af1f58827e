import { Command } from 'commander'
import { unpackBundle } from '../bundle/unpackBundle.ts'
import { unpack } from '../rootfs/unpack.ts'
import { type ImageFlags, withImageFlags } from './imageFlags.ts'
import { type LimitFlags, limitsOf, withLimitFlags } from './limitFlags.ts'
import { withImage } from './openImage.ts'
import { print, session } from './session.ts'

interface UnpackFlags extends ImageFlags, LimitFlags {
  bundle?: boolean
  rootless?: boolean
}

export function command(): Command {
  return withLimitFlags(withImageFlags(new Command()))
    .description('Unpacks an image: flat as oci-image-tool does, or with --bundle as umoci does.')
    .argument('<source>', 'such as oci:oci-demo-app:v0')
    .argument('<target>', 'a folder that is not there yet, or empty')
    .option('--bundle', 'make a bundle: rootfs/ and config.json')
    .option('--rootless', 'leave owners and devices alone')
    .option('--json', 'the result as JSON')
    .action(async (source: string, target: string, flags: UnpackFlags) => {
      const how = { rootless: flags.rootless, limits: limitsOf(flags) }
      await session(flags, options =>
        withImage(source, flags, options, async image => {
          if (flags.bundle) await unpackBundle(image, target, { ...options, ...how })
          else await unpack(image, target, { ...options, ...how })
        }),
      )
      print(flags, { target }, () => target)
    })
}
