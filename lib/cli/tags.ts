import { Command } from 'commander'
import { OciError } from '../errors.ts'
import { listTags } from '../transport/registry/tags.ts'
import { type ImageFlags, transportOptions, withImageFlags } from './imageFlags.ts'
import { print, session } from './session.ts'

export function command(): Command {
  return withImageFlags(new Command())
    .description('Lists the tags of a repository (skopeo list-tags).')
    .argument('<repository>', 'docker://HOST/NAME, or HOST/NAME')
    .option('--json', 'Repository and Tags as JSON')
    .action(async (name: string, flags: ImageFlags) => {
      const repository = name.replace(/^docker:\/\//, '')
      const transport = /^(oci|oci-archive|docker-archive|docker-daemon|dir):/.exec(name)?.[1]
      if (transport !== undefined)
        throw new OciError('UNSUPPORTED', `${transport}: has no tags to list (want docker)`, {
          want: 'docker',
          got: transport,
        })
      const tags = await session(flags, options => listTags(repository, { ...options, ...transportOptions(flags) }))
      print(flags, { Repository: repository, Tags: tags }, () => tags)
    })
}
