import { expect, it } from 'vitest'
import { inLargeChunks } from './chunks.ts'
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

it('makes large chunks of small ones, and keeps their order', async () => {
  const large = new Uint8Array(300_000).fill(7)
  const small = Array.from({ length: 1000 }, (_, i) => new Uint8Array(1000).fill(i))
  const pieces = [...small, large, new Uint8Array([1]), new Uint8Array(0)]
  const chunks: Uint8Array[] = []
  for await (const chunk of inLargeChunks(bytesOf(...pieces))) chunks.push(chunk)
  expect(chunks.length).toBeLessThan(8)
  expect(chunks.every(chunk => chunk.length > 0)).toBe(true)
  expect(Buffer.concat(chunks).equals(Buffer.concat(pieces))).toBe(true)
})
