import { Command } from 'commander'
import { OciError } from '../errors.ts'
import { type AttachedFile, attach } from '../transport/registry/artifacts.ts'
import { type ImageFlags, transportOptions, withImageFlags } from './imageFlags.ts'
import { bareReference } from './registryName.ts'
import { print, session } from './session.ts'

interface AttachFlags extends ImageFlags {
  artifactType: string
  annotation: string[]
}

export function command(): Command {
  return withImageFlags(new Command())
    .description('Attaches files to an image in a registry (oras attach).')
    .argument('<reference>', 'the image, such as localhost:5000/oci-demo-app:v0')
    .argument('[files...]', 'FILE[:MEDIA/TYPE]')
    .requiredOption('--artifact-type <type>', 'what the files are together, such as application/spdx+json')
    .option('-a, --annotation <key=value...>', 'words for the manifest', [])
    .option('--json', 'the descriptor as JSON')
    .action(async (name: string, files: string[], flags: AttachFlags) => {
      const annotations = Object.fromEntries(flags.annotation.map(annotation))
      const descriptor = await session(flags, options =>
        attach(bareReference(name), flags.artifactType, files.map(file), {
          ...options,
          ...transportOptions(flags),
          annotations,
        }),
      )
      print(flags, descriptor, () => descriptor.digest)
    })
}

function file(text: string): AttachedFile {
  const [, path, mediaType] = /^(.+?)(?::([\w.+-]+\/[\w.+-]+))?$/.exec(text) ?? []
  return { path: path ?? text, ...(mediaType !== undefined && { mediaType }) }
}

function annotation(text: string): [string, string] {
  const at = text.indexOf('=')
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)]
  throw new OciError('ARGUMENT_INVALID', `--annotation: want key=value, got ${JSON.stringify(text)}`, { got: text })
}
