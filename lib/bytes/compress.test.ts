import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nativeGzip } from '../kernel.ts'
import type { Bytes } from './bytes.ts'
import { bytesOf, collect } from './collect.ts'
import { byZlib, gzipped } from './compress.ts'

// Does not compress.
const NOISE = Buffer.from(Array.from({ length: 700_000 }, (_, i) => (Math.sin(i) * 1e6) & 255))

async function* pieces(bytes: Uint8Array, size: number): Bytes {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const packed = async (engine: typeof byZlib, bytes: Bytes) => Buffer.from(await collect(engine(bytes)))

describe.each([
  ['ISA-L', gzipped],
  ['node:zlib', byZlib],
])('gzip by %s', (_name, engine) => {
  it('tells nothing of when and where', async () =>
    expect((await packed(engine, bytesOf(NOISE))).subarray(0, 10).toString('hex')).toBe('1f8b08000000000000ff'))

  it('is the same wherever the chunks end', async () => {
    const all = Buffer.concat([NOISE, Buffer.alloc(1 << 20, 'text '), NOISE])
    const whole = await packed(engine, bytesOf(all))
    expect(gunzipSync(whole).equals(all)).toBe(true)
    for (const size of [70_001, 1 << 20, 4096])
      expect((await packed(engine, pieces(all, size))).equals(whole)).toBe(true)
  })

  it('holds what was given', () => {
    const noise = fc.uint8Array({ maxLength: 3000 })
    const text = fc
      .tuple(fc.string({ maxLength: 40 }), fc.nat(60_000))
      .map(([part, times]) => Buffer.from(part.repeat(times)))
    return fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(noise, text), { maxLength: 5 }), async parts => {
        expect(gunzipSync(await packed(engine, bytesOf(...parts))).equals(Buffer.concat(parts))).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  it('passes on what goes wrong before it', async () => {
    async function* failing(): Bytes {
      yield NOISE
      throw new Error('the wire broke')
    }
    await expect(packed(engine, failing())).rejects.toThrow('the wire broke')
  })
})

describe('gzipped', () => {
  it('has ISA-L where the tests run', () => expect(nativeGzip()).toBeDefined())

  it('asks node:zlib for a level', async () => {
    const [fast, small] = await Promise.all(
      [1, 9].map(level => collect(gzipped(bytesOf(Buffer.from('abcabd'.repeat(9999))), level))),
    )
    expect(fast!.length).toBeGreaterThan(small!.length)
  })
})
