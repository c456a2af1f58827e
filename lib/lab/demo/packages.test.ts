import { afterEach, expect, it } from 'vitest'
import { expectAllHeard } from '../../bytes/testUnheard.ts'
import { digestOf } from '../../spec/digest.ts'
import { findPackages, packageFiles } from './packages.ts'

const { PATH } = process.env
afterEach(() => {
  process.env.PATH = PATH
})

it('without dpkg-deb there is one error', () =>
  expectAllHeard(async () => {
    process.env.PATH = '/nowhere'
    const files = packageFiles({ file: 'a.deb', digest: digestOf('a'), path: '/nowhere/a.deb' })
    await expect(files.next()).rejects.toThrow('ENOENT')
  }))

it('without apt the hint is one that lessons can follow, which have no --image', async () => {
  process.env.PATH = '/nowhere'
  await expect(findPackages(['zlib1g'], '/nowhere')).rejects.toMatchObject({
    code: 'TOOL_MISSING',
    data: { hint: expect.stringMatching(/^(?!.*--image).*lab-vm/) },
  })
})
