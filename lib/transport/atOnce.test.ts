import { copyFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { hexOf } from '../spec/digest.ts'
import { copy } from './copy.ts'
import { heldImage } from './held.ts'
import { openImageAt } from './openImageAt.ts'
import { atOnce } from './testAtOnce.ts'
import { testFolder, testImage, testSource } from './testImages.ts'

// Two who write to one place at the same time: what is there afterwards is whole, and who is told that all went well
// finds what he wrote, or what came after it.
const folder = testFolder()
const image = await testImage()
const isWhole = (place: string) => openImageAt(place, async there => there.descriptor.digest)
const copyTo = (place: string) => async (it: typeof image) =>
  (await copy(heldImage(it, 'memory'), place)).manifest.digest

describe('at once', () => {
  it('two archives of docker under one name: one of them is there', async () => {
    const place = `docker-archive:${join(folder, 'one.tar')}`
    const ends = await atOnce(image, [copyTo(place), copyTo(place)])
    expect(ends.filter(end => end === 'TARGET_EXISTS')).toHaveLength(1)
    await isWhole(place)
    expect(readdirSync(folder)).toEqual(['one.tar'])
  })

  it.each(['oci-archive', 'oci', 'dir'])('two %s under one name: it is whole', async kind => {
    const place = `${kind}:${join(folder, kind)}`
    const ends = await atOnce(image, [copyTo(place), copyTo(place)])
    expect(ends).toContain(await isWhole(place))
    await copy(place, `dir:${join(folder, `${kind}-read`)}`)
    expect(readdirSync(folder).filter(name => name.startsWith('.'))).toEqual([])
  })

  it('one who counts on what another one clears away says so', async () => {
    const path = join(folder, 'cleared')
    await copy(await testSource(['lower', 'upper']), `dir:${path}`)
    const other = await testImage(['other'])
    const ends = await atOnce(await testImage(['lower', 'upper', 'more']), [
      // It finds `lower` and `upper` there and leaves them; when it comes to its end, they are gone.
      copyTo(`dir:${path}`),
      () => copyTo(`dir:${path}`)(other),
    ])
    expect(ends[0]).toBe('TARGET_EXISTS')
    expect(await isWhole(`dir:${path}`)).toBe(ends[1])
    await copy(`dir:${path}`, `dir:${join(folder, 'cleared-read')}`)
  })

  it('one who fails takes nothing away that another one has meanwhile named', async () => {
    const path = join(folder, 'shared')
    const blob = hexOf(image.layers[0]!.descriptor.digest)
    const failing = async function* () {
      // The other one has finished by now.
      await second
      yield Buffer.alloc(0)
      throw new Error('the network is gone')
    }
    const broken = { ...image.layers[1]!, compressed: failing, uncompressed: failing }
    const first = copy(heldImage({ ...image, layers: [image.layers[0]!, broken] }, 'memory'), `dir:${path}`)
    const second = (async () => {
      while (!readdirSync(folder, { recursive: true, encoding: 'utf8' }).includes(`shared/${blob}`))
        await new Promise(setImmediate)
      const own = join(folder, 'own')
      await copy(heldImage(image, 'memory'), `dir:${own}`)
      // As if it had begun when the folder was still empty.
      for (const name of readdirSync(own)) copyFileSync(join(own, name), join(path, name))
    })()
    await expect(first).rejects.toThrow('the network is gone')
    await second
    expect(await isWhole(`dir:${path}`)).toBe(image.descriptor.digest)
    expect(readdirSync(path)).toContain(blob)
  })
})
