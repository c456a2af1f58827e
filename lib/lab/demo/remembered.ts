import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomically } from '../../bytes/file.ts'
import { isOciError, isSystemError } from '../../errors.ts'
import { type Descriptor, parseDescriptor } from '../../spec/descriptor.ts'
import { parseJson } from '../../spec/goJson.ts'

/** The image that a cache folder holds; undefined for one that is not there, or was not finished. */
export async function recall(folder: string): Promise<Descriptor | undefined> {
  const path = join(folder, 'image.json')
  try {
    return parseDescriptor(parseJson(await readFile(path), path, 'LAYOUT_INVALID'), path)
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isOciError(error)) return undefined
    throw error
  }
}

/** Writes down which image a cache folder holds: last of all, so that a half-made one is made again. */
export function remember(folder: string, descriptor: Descriptor): Promise<void> {
  return writeFileAtomically(join(folder, 'image.json'), JSON.stringify(descriptor))
}
