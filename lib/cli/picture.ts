import { Command, Option } from 'commander'
import { OciError } from '../errors.ts'
import type { Options } from '../events.ts'
import { layerChanges } from '../image/changes.ts'
import type { Image } from '../image/image.ts'
import type { Language } from '../lab/claim.ts'
import { layerExplorer } from '../lab/show/layerExplorer.ts'
import { manifestGraph } from '../lab/show/manifestGraph.ts'
import { networkPicture } from '../lab/show/networkPicture.ts'
import type { Picture } from '../lab/show/picture.ts'
import { labNames, labTag } from '../network/names.ts'
import { netnsPath } from '../network/netns.ts'
import { namedNetns, topology } from '../network/topology.ts'
import { languageOption } from './check.ts'
import { type ImageFlags, withImageFlags } from './imageFlags.ts'
import { withImage } from './openImage.ts'
import { session } from './session.ts'

type Form = 'text' | 'mermaid' | 'html'

interface PictureFlags extends ImageFlags {
  as: Form
  lang: Language
  id: string
}

export function command(): Command {
  return new Command()
    .description('What people would rather see than read: as text for a terminal, as mermaid, or as HTML.')
    .addCommand(ofImage('manifest', 'who names whom by digest', async (image, name) => manifestGraph(image, name)))
    .addCommand(
      ofImage('layers', 'which layer adds, replaces and hides what', async (image, _name, options) =>
        layerExplorer(await layerChanges(image, options)),
      ),
    )
    .addCommand(
      inForms(new Command('network'))
        .description(
          "a lab's bridge, cables, namespaces, addresses, routes and published ports, as the kernel has them",
        )
        .option('--id <id>', 'lab id', 'default')
        .action(async (flags: PictureFlags) => {
          const { netnsPath: own } = labNames(flags.id)
          const containers = netnsPath(`runc-${labTag(flags.id)}.`)
          const namespaces = namedNetns().filter(path => path === own || path.startsWith(containers))
          draw(networkPicture(await topology(namespaces, { rules: true })), flags)
        }),
    )
}

type Draw = (image: Image, name: string, options: Options) => Promise<Picture>

function ofImage(name: string, description: string, picture: Draw): Command {
  return withImageFlags(inForms(new Command(name)))
    .description(description)
    .argument('<source>', 'such as oci:oci-demo-app:v0')
    .action((source: string, flags: PictureFlags) =>
      session(flags, options =>
        withImage(source, flags, options, async image => draw(await picture(image, source, options), flags)),
      ),
    )
}

function inForms(command: Command): Command {
  const form = new Option('--as <form>', 'in which form').choices(['text', 'mermaid', 'html']).default('text')
  return command.addOption(form).addOption(languageOption())
}

function draw(picture: Picture, { as: form, lang }: PictureFlags): void {
  const drawing = picture[lang]
  const drawn = drawing[form]
  if (drawn === undefined) {
    const forms = (['text', 'mermaid', 'html'] as const).filter(it => drawing[it] !== undefined)
    throw new OciError(
      'ARGUMENT_INVALID',
      `--as: ${drawing.title} cannot be drawn so (want ${forms.join(' or ')}, got ${form})`,
      {
        want: forms,
        got: form,
      },
    )
  }
  process.stdout.write(`${drawn}\n`)
}
