import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { isOciError } from '../../errors.ts'
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
