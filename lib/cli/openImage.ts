import type { Options } from '../events.ts'
import type { Image } from '../image/image.ts'
import { parseTransport } from '../transport/parse.ts'
import { type ImageFlags, transportOptions } from './imageFlags.ts'

/** Opens the image at `name` for as long as `work` takes. */
export async function withImage<T>(
  name: string,
  flags: ImageFlags,
  options: Options,
  work: (image: Image) => Promise<T>,
): Promise<T> {
  const source = await parseTransport(name).source({ ...options, ...transportOptions(flags) })
  try {
    return await work(await source.resolve())
  } finally {
    await source.close()
  }
}
