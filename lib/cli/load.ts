import { Command } from 'commander'
import { copyAndPrint } from './copy.ts'
import { type ImageFlags, withImageFlags } from './imageFlags.ts'

interface LoadFlags extends ImageFlags {
  input: string
  name?: string
}

export function command(): Command {
  return withImageFlags(new Command())
    .description('Reads a docker archive of any age into an OCI layout or another place (docker load).')
    .argument('<destination>', 'such as oci:oci-demo-app:v0')
    .requiredOption('-i, --input <file>', 'the archive to read')
    .option('-n, --name <reference>', 'which image, where the archive has several')
    .option('--json', 'the result as JSON')
    .action((destination: string, flags: LoadFlags) =>
      copyAndPrint(`docker-archive:${flags.input}${flags.name ? `:${flags.name}` : ''}`, destination, flags),
    )
}
