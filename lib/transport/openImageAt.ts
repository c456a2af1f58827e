import type { Image } from '../image/image.ts'
import { parseTransport } from './parse.ts'
import type { TransportOptions } from './transport.ts'

/** Opens the image at `name` for as long as `work` takes. Throws what the place and `work` throw. */
export async function openImageAt<T>(
  name: string,
  work: (image: Image) => T | Promise<T>,
  options: TransportOptions = {},
): Promise<T> {
  const source = await parseTransport(name).source(options)
  try {
    return await work(await source.resolve())
  } finally {
    await source.close()
  }
}
