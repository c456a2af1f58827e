import { Command } from 'commander'
import { parseReference, withDefaultTag } from '../spec/reference.ts'
import { copyAndPrint } from './copy.ts'
import { type CopyFlags, withCopyFlags } from './copyFlags.ts'

export function command(): Command {
  return withCopyFlags(new Command())
    .description('Copies an image from a registry into an OCI layout in this folder (docker pull, skopeo copy).')
    .argument('<reference>', 'such as zengxu/oci-demo-app:v0')
    .argument('[destination]', 'where to (oci:NAME:TAG by default)')
    .option('--json', 'the result as JSON')
    .action(async (reference: string, destination: string | undefined, flags: CopyFlags) => {
      const parsed = withDefaultTag(parseReference(reference))
      const name = parsed.path.split('/').at(-1)
      await copyAndPrint(`docker://${reference}`, destination ?? `oci:${name}:${parsed.tag ?? 'latest'}`, flags)
    })
}
