import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { bytesOf, collect } from './collect.ts'
import { InHand } from './inHand.ts'
import { Scratch } from './scratch.ts'

const MEGABYTE = 1 << 20

it('gives back what was added, in whatever order it is asked for', () => {
  const size = fc.oneof(fc.nat(3000), fc.constantFrom(MEGABYTE - 1, MEGABYTE, MEGABYTE + 1, 3 * MEGABYTE))
  const contents = fc.array(fc.tuple(size, fc.boolean()), { maxLength: 12 })
  const byte = (index: number) => 1 + (index % 255)
  return fc.assert(
    fc.asyncProperty(contents, fc.boolean(), async (all, backwards) => {
      const scratch = new Scratch()
      try {
        const added: { at: number; want: Buffer }[] = []
        for (const [index, [size, isInHand]] of all.entries()) {
          const want = Buffer.alloc(size, byte(index))
          const half = size >> 1
          const body = isInHand ? new InHand(want) : bytesOf(want.subarray(0, half), want.subarray(half))
          added.push({ at: await scratch.add(body), want })
        }
        await scratch.flush()
        for (const { at, want } of backwards ? added.reverse() : added)
          expect(want.equals(await collect(await scratch.contents(at, want.length)))).toBe(true)
      } finally {
        await scratch.close()
      }
    }),
    { numRuns: 15 },
  )
})

it('has no name in any folder', async () => {
  const scratch = new Scratch()
  await scratch.add(new InHand(Buffer.alloc(2 * MEGABYTE)))
  expect(readdirSync(tmpdir()).filter(name => name.startsWith(`ocilab.${process.pid}.`))).toEqual([])
  await scratch.close()
})
