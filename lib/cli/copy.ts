import { writeFileSync } from 'node:fs'
import { Command } from 'commander'
import { copy } from '../transport/copy.ts'
import { type CopyFlags, copyOptions, withCopyFlags } from './copyFlags.ts'
import { print, session } from './session.ts'

export function command(): Command {
  return withCopyFlags(new Command())
    .description('Copies an image between any two places, as skopeo copy does.')
    .argument('<source>', 'docker://REF, oci:DIR[:REF], oci-archive:, docker-archive:, dir:, docker-daemon:')
    .argument('<destination>', 'the same')
    .option('--digestfile <file>', 'write the manifest digest to this file')
    .option('--json', 'the result as JSON')
    .action(async (from: string, to: string, flags: CopyFlags & { digestfile?: string }) =>
      copyAndPrint(from, to, flags),
    )
}

/** The work of copy, pull and push. */
export async function copyAndPrint(
  from: string,
  to: string,
  flags: CopyFlags & { digestfile?: string },
): Promise<void> {
  const result = await session(flags, options => copy(from, to, { ...options, ...copyOptions(flags) }))
  if (flags.digestfile) writeFileSync(flags.digestfile, result.manifest.digest)
  print(flags, result, () => result.manifest.digest)
}
