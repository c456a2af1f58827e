import { expect, it } from 'vitest'
import { bytesOf, collect } from './collect.ts'

it('collects streams and lists', async () => {
  expect(await collect(bytesOf('ab', 'c'))).toEqual(new TextEncoder().encode('abc'))
  expect(await collect([new Uint8Array([1]), new Uint8Array([2])])).toEqual(new Uint8Array([1, 2]))
  expect(await collect([])).toEqual(new Uint8Array())
})

it('stops at the limit, and says where', async () => {
  expect(await collect(bytesOf('abc'), 3)).toHaveLength(3)
  await expect(collect(bytesOf('abc', 'd'), 3, 'manifest')).rejects.toMatchObject({
    code: 'TOO_LARGE',
    message: 'manifest: too large (want at most 3 bytes, got more)',
  })
})
