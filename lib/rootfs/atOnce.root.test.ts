import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { unpackBundle } from '../bundle/unpackBundle.ts'
import type { Image } from '../image/image.ts'
import { atOnce } from '../transport/testAtOnce.ts'
import { testFolder } from '../transport/testImages.ts'
import { imageWith } from './testLayers.ts'
import { unpack } from './unpack.ts'

const image = await imageWith({ 'a/b': { body: 'B' }, c: { body: 'C' } })

describe.each<[string, (image: Image, target: string) => Promise<unknown>, string[]]>([
  ['a folder', unpack, ['a', 'c']],
  ['a bundle', unpackBundle, ['config.json', 'rootfs']],
])('three who unpack into %s at once', (_what, make, names) => {
  const folder = testFolder()
  it.each(['absent', 'empty'])('that is %s: one does', async how => {
    const target = join(folder, how)
    if (how === 'empty') mkdirSync(target)
    const one = async (it: Image) => {
      await make(it, target)
      return 'done'
    }
    expect((await atOnce(image, [one, one, one])).sort()).toEqual(['TARGET_EXISTS', 'TARGET_EXISTS', 'done'])
    expect(readdirSync(target).sort()).toEqual(names)
    expect(readdirSync(folder).filter(name => name.startsWith('.'))).toEqual([])
    expect(await atOnce(image, [one])).toEqual(['TARGET_EXISTS'])
  })
})
