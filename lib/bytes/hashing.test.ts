import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nativeIfBuilt } from '../kernel.ts'
import { digestOf } from '../spec/digest.ts'
import { hashing } from './hashing.ts'

describe.each(['sha256', 'sha512'] as const)('%s', algorithm => {
  it.each([
    ['beside the main thread', undefined],
    ['on the spot', 1],
  ])('%s is what it is of all bytes at once', async (_where, size) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(fc.uint8Array({ maxLength: 300 }))), async batches => {
        const hash = hashing(algorithm, size)
        for (const batch of batches) await hash.update(batch)
        expect(hash.digest()).toBe(digestOf(Buffer.concat(batches.flat()), algorithm))
      }),
    )
  })
})

it.runIf(process.platform === 'linux')('has a thread to go to where native/ is built', () => {
  expect(nativeIfBuilt()?.Hash).toBeDefined()
})

it('takes many digests at the same time, none of which sees the bytes of another', async () => {
  const all = Array.from({ length: 12 }, () => randomBytes(3 << 20))
  const digests = await Promise.all(
    all.map(async bytes => {
      const hash = hashing()
      for (let at = 0; at < bytes.length; at += 1 << 20) await hash.update([bytes.subarray(at, at + (1 << 20))])
      return hash.digest()
    }),
  )
  expect(digests).toEqual(all.map(bytes => digestOf(bytes)))
})
