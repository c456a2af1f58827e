import { Command, Option } from 'commander'
import { copy } from '../transport/copy.ts'
import { type ImageFlags, transportOptions, withImageFlags } from './imageFlags.ts'
import { print, session } from './session.ts'

interface SaveFlags extends ImageFlags {
  output: string
  name?: string
  profile: '2020' | 'current'
}

export function command(): Command {
  return withImageFlags(new Command())
    .description('Writes an image as a docker archive (docker save).')
    .argument('<source>', 'such as oci:oci-demo-app:v0')
    .requiredOption('-o, --output <file>', 'the archive to write')
    .option('-n, --name <reference>', 'the name and tag in the archive')
    .addOption(
      new Option(
        '--profile <year>',
        '2020: a folder for each layer, as in the article; current: as Docker 25 and later',
      )
        .choices(['2020', 'current'])
        .default('current'),
    )
    .option('--json', 'the result as JSON')
    .action(async (source: string, flags: SaveFlags) => {
      const to = `docker-archive:${flags.output}${flags.name ? `:${flags.name}` : ''}`
      const how = { ...transportOptions(flags), profile: flags.profile }
      const result = await session(flags, options => copy(source, to, { ...options, ...how }))
      print(flags, result, () => flags.output)
    })
}
