import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Options } from '../../events.ts'
import type { Image } from '../../image/image.ts'
import { parseTransport } from '../../transport/parse.ts'
import { ARTICLE, checkHub } from './articleFacts.ts'
import { javaImage } from './javaImage.ts'
import { tinyImage } from './tinyImage.ts'

/** The image a walk is made with, and what it answers when asked. */
export interface DemoImage {
  readonly image: Image
  readonly name: string
  readonly port: number
  readonly path: string
  readonly expect: string
}

const TRANSPORT = /^(docker|docker-archive|docker-daemon|oci|oci-archive|dir):/

/** `tiny` and `java` are made here, `hub` is the article's own from Docker Hub; anything else is the name of an image. */
export async function demoImage(choice: string, options: Options = {}): Promise<DemoImage> {
  const asked = { port: 8000, path: '/hello', expect: 'hello world' }
  const packed = process.env.OCILAB_IMAGES
  // A machine that was made from a pack has no packages to make images of: it has the images.
  if (packed && (choice === 'tiny' || choice === 'java') && existsSync(join(packed, choice))) {
    const source = await parseTransport(`dir:${join(packed, choice)}`).source(options)
    return { image: await source.resolve(), name: ARTICLE.reference, ...asked }
  }
  if (choice === 'tiny') return { image: await tiny(), name: ARTICLE.reference, ...asked }
  if (choice === 'java') return { image: await javaImage(options), name: ARTICLE.reference, ...asked }
  const name =
    choice === 'hub' ? `docker://${ARTICLE.reference}` : TRANSPORT.test(choice) ? choice : `docker://${choice}`
  const source = await parseTransport(name).source(options)
  const image = await source.resolve()
  if (choice === 'hub') checkHub(image)
  return { image, name, ...asked }
}

let made: Promise<Image> | undefined

/** An image never changes, so that one is enough for all who look at it; what failed is tried again. */
function tiny(): Promise<Image> {
  made ??= tinyImage().catch(error => {
    made = undefined
    throw error
  })
  return made
}
