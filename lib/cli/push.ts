import { Command } from 'commander'
import { copyAndPrint } from './copy.ts'
import { type CopyFlags, withCopyFlags } from './copyFlags.ts'

export function command(): Command {
  return withCopyFlags(new Command())
    .description('Copies an image to a registry (docker push, skopeo copy).')
    .argument('<source>', 'such as oci:oci-demo-app:v0')
    .argument('<reference>', 'such as localhost:5000/oci-demo-app:v0')
    .option('--json', 'the result as JSON')
    .action((source: string, reference: string, flags: CopyFlags) =>
      copyAndPrint(source, `docker://${reference}`, flags),
    )
}
