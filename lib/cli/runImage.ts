import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { BuildStore } from '../engine/build/store.ts'
import type { Options } from '../events.ts'
import type { Image } from '../image/image.ts'
import { demoImage } from '../lab/demo/demo.ts'
import { familiarReference, parseReference, withDefaultTag } from '../spec/reference.ts'
import type { ImageFlags } from './imageFlags.ts'
import { withImage } from './openImage.ts'

const TRANSPORT = /^(docker|docker-archive|docker-daemon|oci|oci-archive|dir):/

/**
 * The image `run` is told, for as long as `work` takes: a place, as for skopeo; `tiny` or `java`; `oci-demo-app:v0` is
 * what `ocilab build` has built under that name, or the layout in a folder of that name here, else what a registry has.
 */
export async function withRunImage<T>(
  name: string,
  flags: ImageFlags,
  options: Options,
  work: (image: Image) => Promise<T>,
): Promise<T> {
  if (TRANSPORT.test(name)) return withImage(name, flags, options, work)
  if (name === 'tiny' || name === 'java') return work((await demoImage(name, options)).image)
  const reference = withDefaultTag(parseReference(name))
  const built = await new BuildStore().find(familiarReference(reference))
  if (built) return work(built)
  const { path, tag } = reference
  const folder = path.replace(/^library\//, '')
  if (existsSync(join(folder, 'oci-layout')))
    return withImage(`oci:${folder}${tag === undefined ? '' : `:${tag}`}`, flags, options, work)
  return withImage(`docker://${name}`, flags, options, work)
}
