import type { Options } from '../events.ts'
import type { Image } from '../image/image.ts'
import { openImageAt } from '../transport/openImageAt.ts'
import { type ImageFlags, transportOptions } from './imageFlags.ts'

/** Opens the image at `name` for as long as `work` takes. */
export function withImage<T>(
  name: string,
  flags: ImageFlags,
  options: Options,
  work: (image: Image) => Promise<T>,
): Promise<T> {
  return openImageAt(name, work, { ...options, ...transportOptions(flags) })
}
