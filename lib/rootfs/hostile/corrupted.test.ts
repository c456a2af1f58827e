import { copyFileSync, cpSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { collect } from '../../bytes/collect.ts'
import { isOciError } from '../../errors.ts'
import { flatten } from '../../image/flatten.ts'
import { digestOf } from '../../spec/digest.ts'
import { copy } from '../../transport/copy.ts'
import { openImageAt } from '../../transport/openImageAt.ts'
import { testFolder, testSource } from '../../transport/testImages.ts'

// Corruption at rest: one byte of one file is another one. Whoever reads gets what was there, or an error; never
// something else. Every byte with OCILAB_SWEEP=1, in CI some hundred of each kind of file.
const SWEEP = process.env.OCILAB_SWEEP === '1'
const folder = testFolder()

const PLACES = {
  oci: (path: string) => `oci:${path}:v0`,
  dir: (path: string) => `dir:${path}`,
  'oci-archive': (path: string) => `oci-archive:${path}:v0`,
  'docker-archive': (path: string) => `docker-archive:${path}`,
}

/** What a reader would hand on: the parts of the image, and the files it makes. */
const read = (place: string) =>
  openImageAt(place, async image => ({
    config: digestOf(image.raw('config')),
    files: digestOf(await collect(flatten(image))),
  }))

describe.each(Object.entries(PLACES))('%s', (kind, placeOf) => {
  it('a changed byte is found, or changes nothing', { timeout: SWEEP ? 3_000_000 : 60_000 }, async () => {
    const whole = join(folder, `${kind}-whole`)
    await copy(await testSource(['a'], 'oci'), placeOf(whole))
    const sound = await read(placeOf(whole))
    const broken = join(folder, `${kind}-broken`)
    cpSync(whole, broken, { recursive: true })
    const isFolder = statSync(whole).isDirectory()
    const files = isFolder
      ? readdirSync(whole, { recursive: true, encoding: 'utf8' }).filter(name => statSync(join(whole, name)).isFile())
      : ['']
    let [found, harmless] = [0, 0]
    for (const file of files) {
      const bytes = readFileSync(join(whole, file))
      const step = SWEEP ? 1 : Math.max(1, Math.floor(bytes.length / (isFolder ? 40 : 200)))
      for (let at = 0; at < bytes.length; at += step) {
        const changed = Buffer.from(bytes)
        changed[at]! ^= 1 << (at % 8)
        writeFileSync(join(broken, file), changed)
        const got = await read(placeOf(broken)).catch(error => error)
        if (isOciError(got)) found++
        else {
          // The docker archive names its config by no digest that a reader has to check: but its layers are held to it.
          expect(got, `${file} byte ${at}`).toEqual(
            kind === 'docker-archive' ? { ...sound, config: got.config } : sound,
          )
          harmless++
        }
      }
      copyFileSync(join(whole, file), join(broken, file))
    }
    if (SWEEP) console.log(`${kind}: ${found} found, ${harmless} harmless`)
    expect(found).toBeGreaterThan(0)
  })
})
