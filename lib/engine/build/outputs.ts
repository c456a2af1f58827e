import { OciError } from '../../errors.ts'
import { flatten } from '../../image/flatten.ts'
import type { Image } from '../../image/image.ts'
import { unpack } from '../../rootfs/unpack.ts'
import { copy } from '../../transport/copy.ts'
import { heldImage } from '../../transport/held.ts'
import { writeOutput } from '../../transport/outputFile.ts'
import { parseTransport } from '../../transport/parse.ts'
import type { TransportOptions } from '../../transport/transport.ts'

const NAMED = ['oci', 'oci-archive', 'docker-archive', 'docker-daemon']

/** What BuildKit calls its exporters, as places of ours. */
const EXPORTERS: Record<string, (destination: string) => string> = {
  oci: destination => `oci-archive:${destination}`,
  docker: destination => `docker-archive:${destination}`,
}

/**
 * Copies a built image to where `--output` says: a place such as `oci:DIR`, which gets the first tag if it has no name,
 * or BuildKit's words: `type=local,dest=DIR` for its files in a folder, `type=tar,dest=FILE` for them in a tar,
 * `type=oci` and `type=docker` for archives; a bare `DIR` is `type=local`. Throws `ARGUMENT_INVALID`.
 */
export async function deliver(
  image: Image,
  output: string,
  tags: readonly string[],
  options: TransportOptions,
): Promise<void> {
  const { type, destination } = parseOutput(output)
  if (type === 'local') await unpack(image, destination, options)
  else if (type === 'tar') await writeOutput(destination, flatten(image, { ...options, lent: true }))
  else
    await copy(
      heldImage(image, tags[0] ?? 'the image that was built'),
      parseTransport(placeFor(destination, tags[0])),
      options,
    )
}

function parseOutput(output: string): { type: 'local' | 'tar' | 'image'; destination: string } {
  if (!output.startsWith('type=')) {
    const isPlace = /^(docker|docker-archive|docker-daemon|oci|oci-archive|dir):/.test(output)
    return { type: isPlace ? 'image' : 'local', destination: output }
  }
  const fields = new Map(output.split(',').map(field => [field.split('=', 1)[0]!, field.slice(field.indexOf('=') + 1)]))
  const [type = '', destination = ''] = [fields.get('type'), fields.get('dest')]
  if (destination === '') throw invalid(output, 'dest=PATH')
  if (type === 'local' || type === 'tar') return { type, destination }
  const place = Object.hasOwn(EXPORTERS, type) ? EXPORTERS[type] : undefined
  if (!place) throw invalid(output, 'type=local, tar, oci or docker')
  return { type: 'image', destination: place(destination) }
}

/** `oci:DIR` becomes `oci:DIR:demo:v0`. */
function placeFor(place: string, tag: string | undefined): string {
  const [, kind = '', path = '', name] = /^([a-z-]+):([^:]*)(?::(.*))?$/s.exec(place) ?? []
  if (tag === undefined || name !== undefined || !NAMED.includes(kind)) return place
  return kind === 'docker-daemon' ? `${kind}:${path || tag}` : `${kind}:${path}:${tag}`
}

function invalid(output: string, want: string): OciError {
  return new OciError('ARGUMENT_INVALID', `--output ${output}: want ${want}`, { want, got: output })
}
