import { Command } from 'commander'
import { discover, type Referrer } from '../transport/registry/artifacts.ts'
import { type ImageFlags, transportOptions, withImageFlags } from './imageFlags.ts'
import { bareReference } from './registryName.ts'
import { print, session } from './session.ts'

export function command(): Command {
  return withImageFlags(new Command())
    .description('Shows what was attached to an image, as a tree (oras discover).')
    .argument('<reference>', 'the image, such as localhost:5000/oci-demo-app:v0')
    .option('--artifact-type <type>', 'only what is of this type')
    .option('--json', 'the tree as JSON')
    .action(async (name: string, flags: ImageFlags & { artifactType?: string }) => {
      const { artifactType } = flags
      const reference = bareReference(name)
      const found = await session(flags, options =>
        discover(reference, { ...options, ...transportOptions(flags), artifactType }),
      )
      const repository = reference.replace(/(?:@.*|:[^/:]*)$/, '')
      print(flags, found, () => [`${repository}@${found.descriptor.digest}`, ...branches(found, '')])
    })
}

/** By type, and below each the artifacts of that type, as oras draws them. */
function branches({ referrers }: Referrer, indent: string): string[] {
  const types = [...new Set(referrers.map(typeOf))]
  return types.flatMap((type, t) => {
    const last = t === types.length - 1
    const below = `${indent}${last ? '    ' : '│   '}`
    const ones = referrers.filter(it => typeOf(it) === type)
    const lines = ones.flatMap((it, i) => {
      const end = i === ones.length - 1
      return [`${below}${corner(end)}${it.descriptor.digest}`, ...branches(it, `${below}${end ? '    ' : '│   '}`)]
    })
    return [`${indent}${corner(last)}${type}`, ...lines]
  })
}

function corner(last: boolean): string {
  return last ? '└── ' : '├── '
}

function typeOf({ descriptor }: Referrer): string {
  return descriptor.artifactType ?? '<unknown>'
}
