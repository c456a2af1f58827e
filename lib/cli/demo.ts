import { Command } from 'commander'
import { demoImage } from '../lab/demo/demo.ts'
import { copy } from '../transport/copy.ts'
import { heldImage } from '../transport/held.ts'
import { parseTransport } from '../transport/parse.ts'
import { type ImageFlags, transportOptions, withImageFlags } from './imageFlags.ts'
import { print, session } from './session.ts'

export function command(): Command {
  return withImageFlags(new Command())
    .description("Makes the article's image on this machine and copies it somewhere.")
    .argument('<image>', 'tiny (busybox, in a moment) or java (a JRE from Debian packages)')
    .argument('<destination>', 'such as oci:oci-demo-app:v0')
    .option('--json', 'the result as JSON')
    .action(async (name: string, destination: string, flags: ImageFlags) => {
      const result = await session(flags, async options => {
        const demo = await demoImage(name, options)
        const to = parseTransport(destination)
        return copy(heldImage(demo.image, demo.name), to, { ...options, ...transportOptions(flags) })
      })
      print(flags, result, () => result.manifest.digest)
    })
}
