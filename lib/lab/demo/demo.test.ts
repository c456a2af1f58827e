import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { isOciError } from '../../errors.ts'
import { copy } from '../../transport/copy.ts'
import { heldImage } from '../../transport/held.ts'
import { appJar, demoFile } from './appJar.ts'
import { checkHub } from './articleFacts.ts'
import { demoImage } from './demo.ts'

describe('the tiny image', () => {
  it('is the same each time it is made', async () => {
    const [one, two] = await Promise.all([demoImage('tiny'), demoImage('tiny')])
    expect(one.image.descriptor).toEqual(two.image.descriptor)
  })
  it('has the article’s four layers, and Docker’s own fields in its config', async () => {
    const { image } = await demoImage('tiny')
    expect(image.layers).toHaveLength(4)
    expect(image.config.config).toMatchObject({ Entrypoint: ['sh', 'app.sh'], WorkingDir: '/' })
    expect(JSON.parse(Buffer.from(image.raw('config')).toString())).toHaveProperty('container_config')
  })
})

it('a machine that was made from a pack takes the packed one, as Docker has it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ocilab-packed-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const { image } = await demoImage('tiny')
  await copy(heldImage(image, 'demo'), `dir:${join(folder, 'java')}`)
  vi.stubEnv('OCILAB_IMAGES', folder)
  onTestFinished(() => void vi.unstubAllEnvs())
  const packed = await demoImage('java')
  expect(packed.image.descriptor).toEqual(image.descriptor)
  expect(packed.name).toBe('zengxu/oci-demo-app:v0')
  // What is not in the pack is made here.
  expect((await demoImage('tiny')).image.descriptor).toEqual(image.descriptor)
})

it('the jar that is kept is what the source compiles to', async () => {
  expect(Buffer.from(await appJar()).equals(readFileSync(demoFile('app.jar')))).toBe(true)
})

it('an image that is not the article’s is told from it', async () => {
  const { image } = await demoImage('tiny')
  expect(() => checkHub(image)).toThrow(expect.objectContaining({ code: 'DIGEST_INVALID' }))
})

it('the article’s own needs the internet, and says so', async () => {
  const hub = await demoImage('hub').catch(error => error)
  expect(isOciError(hub) ? hub.code : hub.image.layers.length).toSatisfy(
    seen => seen === 'REGISTRY_UNREACHABLE' || seen === 4,
  )
}, 60_000)
