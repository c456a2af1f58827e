import type { Options } from '../../events.ts'
import type { Image } from '../../image/image.ts'
import { parseTransport } from '../../transport/parse.ts'
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

const NAME = 'zengxu/oci-demo-app:v0'

/** `tiny` and `java` are made here, `hub` is the article's own from Docker Hub; anything else is the name of an image. */
export async function demoImage(choice: string, options: Options = {}): Promise<DemoImage> {
  const asked = { port: 8000, path: '/hello', expect: 'hello world' }
  if (choice === 'tiny') return { image: await tinyImage(), name: NAME, ...asked }
  if (choice === 'java') return { image: await javaImage(options), name: NAME, ...asked }
  const name =
    choice === 'hub'
      ? `docker://${NAME}`
      : choice.includes(':/') || /^[a-z-]+:/.test(choice)
        ? choice
        : `docker://${choice}`
  const source = await parseTransport(name).source(options)
  return { image: await source.resolve(), name, ...asked }
}
