import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { hexOf } from '../spec/digest.ts'
import { copy } from './copy.ts'
import { testFolder, testImage, testSource, tree } from './testImages.ts'

const folder = testFolder()

it('lays manifest, blobs and version side by side, and gives the image back', async () => {
  const path = join(folder, 'plain')
  const image = await testImage(undefined, 'docker')
  const { manifest } = await copy(await testSource(undefined, 'docker'), `dir:${path}`)
  const blobs = [image.manifest.config, ...image.manifest.layers].map(blob => hexOf(blob.digest))
  expect(tree(path)).toEqual([...blobs, 'manifest.json', 'version'].sort())
  expect(readFileSync(join(path, 'version'), 'utf8')).toBe('Directory Transport Version: 1.1\n')
  expect(manifest).toMatchObject({ digest: image.descriptor.digest })
  const again = await copy(`dir:${path}`, `dir:${join(folder, 'again')}`)
  expect(again.manifest.digest).toBe(image.descriptor.digest)
  expect((await copy(`dir:${path}`, `dir:${join(folder, 'again')}`)).skipped).toBe(3)
})

it('replaces the image that is there, with its blobs', async () => {
  const path = join(folder, 'replaced')
  await copy(await testSource(['one', 'two']), `dir:${path}`)
  await copy(await testSource(['one', 'three']), `dir:${path}`)
  expect(tree(path)).toHaveLength(2 + 3)
})

it('does not write where other things are', async () => {
  const path = join(folder, 'mine')
  mkdirSync(path)
  writeFileSync(join(path, 'thesis'), 'do not lose')
  await expect(copy(await testSource(), `dir:${path}`)).rejects.toMatchObject({ code: 'TARGET_EXISTS' })
  await expect(copy(await testSource(), `dir:${path}/thesis`)).rejects.toMatchObject({ code: 'TARGET_EXISTS' })
  expect(tree(path)).toEqual(['thesis'])
})

it('keeps the old image whole when the new one fails to come', async () => {
  const path = join(folder, 'safe')
  await copy(await testSource(['one']), `dir:${path}`)
  const broken = join(folder, 'broken')
  await copy(await testSource(['two', 'three']), `dir:${broken}`)
  const image = await testImage(['two', 'three'])
  writeFileSync(join(broken, hexOf(image.layers[1]!.descriptor.digest)), Buffer.alloc(image.layers[1]!.descriptor.size))
  const before = tree(path)
  await expect(copy(`dir:${broken}`, `dir:${path}`)).rejects.toMatchObject({ code: 'DIGEST_INVALID' })
  expect(tree(path)).toEqual(before)
  await expect(copy(`dir:${broken}`, `dir:${folder}/fresh`)).rejects.toMatchObject({ code: 'DIGEST_INVALID' })
  expect(tree(folder)).not.toContain('fresh')
  await expect(copy(`dir:${folder}/nope`, `dir:${folder}/fresh`)).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' })
})
