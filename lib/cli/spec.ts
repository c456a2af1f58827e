import { Command, Option } from 'commander'
import { writeSpec } from '../bundle/defaultSpec.ts'

interface SpecFlags {
  bundle: string
  rootless?: boolean
  profile?: 'current' | '2020'
}

export function command(): Command {
  return new Command()
    .description('Writes a runtime configuration, config.json (runc spec).')
    .option('-b, --bundle <folder>', 'where to', '.')
    .option('--rootless', 'for a container of an ordinary user')
    .addOption(
      new Option('--profile <year>', 'as the article’s runc wrote it, or as today’s').choices(['2020', 'current']),
    )
    .action(async ({ bundle, rootless, profile }: SpecFlags) => {
      await writeSpec(bundle, { rootless, profile })
    })
}
