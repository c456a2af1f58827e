import { isOciError, OciError } from '../../errors.ts'
import type { Image } from '../../image/image.ts'
import { familiarReference, parseReference, withDefaultTag } from '../../spec/reference.ts'
import type { TransportOptions } from '../../transport/transport.ts'
import { type BuiltImage, builtImage } from './imageState.ts'
import type { BuildStore } from './store.ts'

const TRANSPORT = /^(docker|docker-archive|docker-daemon|oci|oci-archive|dir):/

/**
 * The image a FROM names: `oci:PATH:NAME` and its siblings, or a reference, which is looked for in the store first and
 * then in its registry. Its blobs are in the store afterwards. Throws what the place throws.
 */
export async function baseImage(name: string, store: BuildStore, options: TransportOptions): Promise<BuiltImage> {
  const image = await find(name, store, options)
  return builtImage(image.raw('config'), image.layers, name)
}

async function find(name: string, store: BuildStore, options: TransportOptions): Promise<Image> {
  if (TRANSPORT.test(name)) return bring(name, undefined, store, options)
  const reference = withDefaultTag(parseReference(name))
  const familiar = familiarReference(reference)
  const there = await store.find(familiar)
  if (there && fits(there, options)) return there
  try {
    return await bring(`docker://${familiar}`, reference.digest ? undefined : familiar, store, options)
  } catch (error) {
    if (!isOciError(error)) throw error
    const hint = `not in ${store.folder} either; ocilab copy brings an image there, or say FROM oci:FOLDER:NAME`
    throw new OciError(error.code, `FROM ${name}: ${error.message}`, { hint, ...error.data }, { cause: error })
  }
}

async function bring(
  place: string,
  name: string | undefined,
  store: BuildStore,
  options: TransportOptions,
): Promise<Image> {
  // An image that is here already needs none of what reads the others.
  const { parseTransport } = await import('../../transport/parse.ts')
  const source = await parseTransport(place).source(options)
  try {
    return await store.keep(await source.resolve(), name, options)
  } finally {
    await source.close()
  }
}

/** An image that was brought for another platform is not the one that is asked for. */
function fits({ config }: Image, { platform }: TransportOptions): boolean {
  return !platform || (platform.architecture === config.architecture && platform.os === config.os)
}
