import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Bytes } from '../../bytes/bytes.ts'
import { writeFileAtomically } from '../../bytes/file.ts'
import { isOciError, isSystemError } from '../../errors.ts'
import type { BlobSource, Image } from '../../image/image.ts'
import { openImage } from '../../image/open.ts'
import { type Descriptor, parseDescriptor } from '../../spec/descriptor.ts'
import { parseJson } from '../../spec/goJson.ts'

/** The image that a cache folder holds; undefined for one that is not there, was not finished, or has lost a byte since. */
export async function recall(folder: string, blobs: BlobSource): Promise<Image | undefined> {
  const path = join(folder, 'image.json')
  try {
    const image = await openImage(blobs, parseDescriptor(parseJson(await readFile(path), path, 'LAYOUT_INVALID'), path))
    for (const layer of image.layers) await drain(blobs.get(layer.descriptor))
    return image
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isOciError(error)) return undefined
    throw error
  }
}

/** Writes down which image a cache folder holds: last of all, so that a half-made one is made again. */
export function remember(folder: string, descriptor: Descriptor): Promise<void> {
  return writeFileAtomically(join(folder, 'image.json'), JSON.stringify(descriptor))
}

async function drain(bytes: Bytes): Promise<void> {
  for await (const _ of bytes);
}
