import { Command, InvalidArgumentError, Option } from 'commander'
import { OciError } from '../errors.ts'
import { type SyncedImage, type SyncPlace, sync } from '../transport/sync.ts'
import { type CopyFlags, copyOptions, withCopyFlags } from './copyFlags.ts'
import { print, session } from './session.ts'

interface SyncFlags extends CopyFlags {
  src: SyncPlace['kind']
  dest: SyncPlace['kind']
  tags?: RegExp
  exclude?: RegExp
  scoped?: boolean
  dryRun?: boolean
  keepGoing?: boolean
}

export function command(): Command {
  return withCopyFlags(new Command())
    .description('Copies many images: all tags of repositories, or all images of a folder (skopeo sync).')
    .argument('<source...>', 'HOST/NAME[:TAG], or a folder; the last one is the destination')
    .addOption(new Option('-s, --src <kind>', 'what the sources are').choices(['docker', 'dir']).makeOptionMandatory())
    .addOption(
      new Option('-d, --dest <kind>', 'what the destination is')
        .choices(['docker', 'dir', 'oci'])
        .makeOptionMandatory(),
    )
    .option('--tags <regex>', 'only tags that fit', regex)
    .option('--exclude <regex>', 'no tags that fit', regex)
    .option('--scoped', 'put the name of the source’s registry before the names')
    .option('--dry-run', 'say what would be copied')
    .option('--keep-going', 'go on with the next image when one fails')
    .option('--json', 'what became of each image as JSON')
    .action(async (places: string[], flags: SyncFlags) => {
      const to = places.pop()
      if (to === undefined || places.length === 0)
        throw new OciError('ARGUMENT_INVALID', 'sync: want one or more sources, and a destination', {})
      const images = await session(flags, async options => {
        const all: SyncedImage[] = []
        const how = { ...options, ...copyOptions(flags), ...filters(flags) }
        for (const place of places)
          all.push(...(await sync({ kind: flags.src, place }, { kind: flags.dest, place: to }, how)))
        return all
      })
      print(flags, images, () => images.map(line))
      const failed = images.filter(image => image.error)
      if (failed.length > 0)
        throw new OciError('COMMAND_FAILED', `${failed.length} of ${images.length} images failed`, {})
    })
}

function filters({ tags, exclude, scoped, dryRun, keepGoing }: SyncFlags) {
  return { tags, exclude, scoped, dryRun, keepGoing }
}

function line({ source, destination, digest, error }: SyncedImage): string {
  return `${source} → ${destination}${digest ? ` ${digest}` : ''}${error ? `: ${error.message} [${error.code}]` : ''}`
}

function regex(text: string): RegExp {
  try {
    return new RegExp(text)
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message)
  }
}
