import { afterEach, expect, it } from 'vitest'
import { expectAllHeard } from '../../bytes/testUnheard.ts'
import { digestOf } from '../../spec/digest.ts'
import { packageFiles } from './packages.ts'

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
