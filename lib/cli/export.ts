import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Command } from 'commander'
import { flatten } from '../image/flatten.ts'
import { writeOutput } from '../transport/outputFile.ts'
import { type ImageFlags, withImageFlags } from './imageFlags.ts'
import { type LimitFlags, limitsOf, withLimitFlags } from './limitFlags.ts'
import { keepMemorySmall } from './memory.ts'
import { withImage } from './openImage.ts'
import { session } from './session.ts'

interface ExportFlags extends ImageFlags, LimitFlags {
  output?: string
}

export function command(): Command {
  return withLimitFlags(withImageFlags(new Command()))
    .description('Lays the layers over each other and writes the files as one tar (docker export).')
    .argument('<source>', 'such as oci:oci-demo-app:v0')
    .option('-o, --output <file>', 'write here and not to stdout')
    .action((source: string, flags: ExportFlags) =>
      session(flags, options =>
        withImage(source, flags, options, async image => {
          keepMemorySmall()
          const tar = flatten(image, { ...options, limits: limitsOf(flags), lent: flags.output !== undefined })
          if (flags.output) await writeOutput(flags.output, tar)
          else await pipeline(Readable.from(tar), process.stdout, { end: false })
        }),
      ),
    )
}
