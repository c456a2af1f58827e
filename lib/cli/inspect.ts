import type { Command } from 'commander'
import { collect } from '../bytes/collect.ts'
import { inspectRecord } from '../engine/run/inspect.ts'
import { findRecord, homeOf } from '../engine/run/store.ts'
import type { Options } from '../events.ts'
import { inspect, inspectAll } from '../transport/inspect.ts'
import { parseTransport } from '../transport/parse.ts'
import { type HomeFlags, homeCommand } from './home.ts'
import { type ImageFlags, transportOptions, withImageFlags } from './imageFlags.ts'
import { withImage } from './openImage.ts'
import { print, session } from './session.ts'

interface InspectFlags extends ImageFlags, HomeFlags {
  raw?: boolean
  config?: boolean
  all?: boolean
  tags: boolean
}

export function command(): Command {
  const said =
    'Shows what an image is made of, as skopeo inspect does, or a container, as docker inspect does: always JSON.'
  return withImageFlags(homeCommand(said))
    .argument('<source>', 'such as docker://localhost:5000/oci-demo-app:v0; or the name or id of a container')
    .option('--raw', 'the manifest, byte for byte')
    .option('--config', 'the configuration')
    .option('-a, --all', 'every image of an index, as a list')
    .option('-n, --no-tags', 'without the list of all tags')
    .action((source: string, flags: InspectFlags) => {
      const home = homeOf(flags.id, flags.root)
      // An image's name says where it is.
      if (!source.includes(':')) return print({ json: true }, [inspectRecord(home, findRecord(home, source))], () => '')
      return session(flags, async options => void process.stdout.write(await text(source, flags, options)))
    })
}

async function text(source: string, flags: InspectFlags, options: Options): Promise<Uint8Array | string> {
  const how = { ...options, ...transportOptions(flags), noTags: !flags.tags }
  if (flags.config) return withImage(source, flags, options, async image => configOf(image, flags))
  if (flags.raw) return rawManifest(source, how)
  return `${JSON.stringify(flags.all ? await inspectAll(source, how) : await inspect(source, how), null, 4)}\n`
}

function configOf(image: { config: unknown; raw(part: 'config'): Uint8Array }, { raw }: InspectFlags) {
  return raw ? image.raw('config') : `${JSON.stringify(image.config, null, 4)}\n`
}

/** What is there itself: of an index not the image inside. */
async function rawManifest(name: string, options: ReturnType<typeof transportOptions>): Promise<Uint8Array> {
  const source = await parseTransport(name).source(options)
  try {
    if (source.open === undefined) return (await source.resolve()).raw('manifest')
    const { descriptor, blobs } = await source.open()
    return await collect(blobs.get(descriptor))
  } finally {
    await source.close()
  }
}
