import { Command } from 'commander'
import { listTags } from '../transport/registry/tags.ts'
import { type ImageFlags, transportOptions, withImageFlags } from './imageFlags.ts'
import { bareReference } from './registryName.ts'
import { print, session } from './session.ts'

export function command(): Command {
  return withImageFlags(new Command())
    .description('Lists the tags of a repository (skopeo list-tags).')
    .argument('<repository>', 'docker://HOST/NAME, or HOST/NAME')
    .option('--json', 'Repository and Tags as JSON')
    .action(async (name: string, flags: ImageFlags) => {
      const repository = bareReference(name)
      const tags = await session(flags, options => listTags(repository, { ...options, ...transportOptions(flags) }))
      print(flags, { Repository: repository, Tags: tags }, () => tags)
    })
}
