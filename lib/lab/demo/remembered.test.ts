import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { putBytes } from '../../image/memory.ts'
import { blobDirectory } from '../../transport/blobDirectory.ts'
import { demoImage } from './demo.ts'
import { recall, remember } from './remembered.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ocilab-remembered-'))
})
afterEach(() => rm(folder, { recursive: true }))

it.each([
  ['a lost byte', (path: string) => writeFile(path, 'x')],
  ['a lost layer', (path: string) => rm(path)],
])('an image with %s is not recalled, so that it is made again', async (_, harm) => {
  const { image } = await demoImage('tiny')
  const blobs = blobDirectory(folder)
  await putBytes(blobs, image.descriptor.mediaType, image.raw('manifest'))
  await putBytes(blobs, image.manifest.config.mediaType, image.raw('config'))
  for (const layer of image.layers) await blobs.put(layer.compressed(), layer.descriptor)
  await remember(folder, image.descriptor)
  expect((await recall(folder, blobs))?.descriptor).toEqual(image.descriptor)
  await harm(blobs.path(image.layers.at(-1)!.descriptor.digest))
  expect(await recall(folder, blobs)).toBeUndefined()
})
