import { Command } from 'commander'
import { editImage } from '../engine/edit/edit.ts'
import { mutated } from '../engine/edit/mutated.ts'
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
    .option('--exposed-ports <ports>', 'such as 80/tcp,53/udp, in place of those it has', commas)
    .option('--user <user>', 'the user it runs as')
    .option('-w, --workdir <folder>', 'the folder it runs in')
    .action((source: string, destination: string, flags: MutateFlags) =>
      changeImage(source, destination, flags, async (image, blobs) => {
        const config = mutated(image.config.config ?? {}, {
          ...flags,
          env: some(namedValues(flags.env, '--env')),
          labels: some(namedValues(flags.label, '--label')),
        })
        return editImage(image, { config, annotations: namedValues(flags.annotation, '--annotation') }, blobs)
      }),
    )
}

function some(values: Record<string, string>): Record<string, string> | undefined {
  return Object.keys(values).length > 0 ? values : undefined
}
