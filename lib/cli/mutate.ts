import { Command } from 'commander'
import { editImage } from '../engine/edit/edit.ts'
import { changeImage, changingVerb } from './changeImage.ts'
import type { ImageFlags } from './imageFlags.ts'
import { namedValues } from './namedValues.ts'

interface MutateFlags extends ImageFlags {
  entrypoint?: string[]
  cmd?: string[]
  env: string[]
  label: string[]
  annotation: string[]
  exposedPorts?: string[]
  user?: string
  workdir?: string
}

const repeated = (value: string, before: string[]) => [...before, value]
const commas = (value: string) => value.split(',')

export function command(): Command {
  return changingVerb(new Command())
    .description('Changes what an image runs and how, and none of its layers (crane mutate).')
    .option('--entrypoint <words>', 'the words of its entrypoint, with commas between', commas)
    .option('--cmd <words>', 'the words of its command, with commas between', commas)
    .option('-e, --env <name=value>', 'an environment variable', repeated, [])
    .option('-l, --label <name=value>', 'a label', repeated, [])
    .option('-a, --annotation <name=value>', 'an annotation of its manifest', repeated, [])
    .option('--exposed-ports <ports>', 'such as 80/tcp,53/udp', commas)
    .option('--user <user>', 'the user it runs as')
    .option('-w, --workdir <folder>', 'the folder it runs in')
    .action((source: string, destination: string, flags: MutateFlags) =>
      changeImage(source, destination, flags, async (image, blobs) => {
        const { Env = [], Labels = {}, ExposedPorts = {} } = image.config.config ?? {}
        const set = namedValues(flags.env, '--env')
        const kept = Env.filter(entry => !Object.hasOwn(set, entry.split('=', 1)[0]!))
        const ports = Object.fromEntries((flags.exposedPorts ?? []).map(port => [port, {}]))
        const config = {
          ...(flags.entrypoint && { Entrypoint: flags.entrypoint, Cmd: undefined }),
          ...(flags.cmd && { Cmd: flags.cmd }),
          ...(flags.user !== undefined && { User: flags.user }),
          ...(flags.workdir !== undefined && { WorkingDir: flags.workdir }),
          Env: [...kept, ...Object.entries(set).map(([name, value]) => `${name}=${value}`)],
          Labels: { ...Labels, ...namedValues(flags.label, '--label') },
          ExposedPorts: { ...ExposedPorts, ...ports },
        }
        return editImage(image, { config, annotations: namedValues(flags.annotation, '--annotation') }, blobs)
      }),
    )
}
