import { OciError } from '../errors.ts'
import type { Image } from '../image/image.ts'
import type { Transport } from './transport.ts'

/** An image this program holds already, as a place to copy from. */
export function heldImage(image: Image, name: string): Transport {
  return {
    name,
    source: async () => ({ resolve: async () => image, close: async () => {} }),
    sink: async () => {
      throw new OciError('UNSUPPORTED', `${name}: an image in memory cannot be written to`, { where: name })
    },
  }
}
