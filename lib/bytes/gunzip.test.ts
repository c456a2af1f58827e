import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { crc32, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isOciError } from '../errors.ts'
import { nativeGunzip } from '../kernel.ts'
import { collect } from './collect.ts'
import { byZlib, gunzipped } from './gunzip.ts'
import { rewindable } from './rewindable.ts'

async function* pieces(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

type Engine = typeof byZlib
/** What comes out; or the code of the error, and nothing of what came before it. */
async function outcome(engine: Engine, packed: Uint8Array, size: number): Promise<string> {
  try {
    return Buffer.from(await collect(engine(rewindable(pieces(packed, size)), 'layer'))).toString('base64')
  } catch (error) {
    if (isOciError(error, 'GZIP_INVALID')) return 'GZIP_INVALID'
    throw error
  }
}

/** A gzip member with every optional field of its header. RFC 1952 § 2.3. */
function withWholeHeader(data: Buffer): Buffer {
  const plain = gzipSync(data)
  const fields = Buffer.from([0x1f, 0x8b, 8, 0b11110, 1, 2, 3, 4, 0, 3, 4, 0, ...Buffer.from('XXXXname\0note\0')])
  const check = Buffer.alloc(2)
  check.writeUInt16LE(crc32(fields) & 0xffff)
  return Buffer.concat([fields, check, plain.subarray(10)])
}

describe('gunzipped', () => {
  it('has ISA-L where the tests run', () => expect(nativeGunzip()).toBeDefined())

  const noise = fc.uint8Array({ maxLength: 3000 })
  const text = fc
    .tuple(fc.string({ maxLength: 40 }), fc.nat(60_000))
    .map(([part, times]) => Buffer.from(part.repeat(times)))
  const member = fc.tuple(fc.oneof(noise, text), fc.constantFrom(0, 1, 6, 9))
  const sizes = fc.constantFrom(1 << 20, 4096, 1031)

  it('gives the bytes of all members, wherever the chunks end', () =>
    fc.assert(
      fc.asyncProperty(fc.array(member, { minLength: 1, maxLength: 4 }), sizes, async (members, size) => {
        const packed = Buffer.concat(members.map(([data, level]) => gzipSync(data, { level })))
        const want = Buffer.concat(members.map(([data]) => data)).toString('base64')
        expect(await outcome(gunzipped, packed, size)).toBe(want)
      }),
      { numRuns: 60 },
    ))

  it('refuses what node:zlib refuses, and nothing else, when a byte is wrong or the end is missing', () =>
    fc.assert(
      fc.asyncProperty(
        member,
        fc.nat(),
        fc.integer({ min: 0, max: 255 }),
        sizes,
        async ([data, level], at, byte, size) => {
          const packed = gzipSync(data, { level })
          const place = at % packed.length
          const cut = packed.subarray(0, place)
          const wrong = Buffer.from(packed)
          wrong[place] = byte
          for (const bytes of [wrong, cut])
            expect(await outcome(gunzipped, bytes, size)).toBe(await outcome(byZlib, bytes, size))
        },
      ),
      { numRuns: 200 },
    ))

  it('reads a header with every optional field', async () =>
    expect(await outcome(gunzipped, withWholeHeader(Buffer.from('abc')), 5)).toBe('YWJj'))
})

/** What {@link verified} does with bytes that are not what their digest says: it tells when it has passed them on. */
async function* failingAtTheEnd(bytes: Uint8Array, size: number) {
  yield* pieces(bytes, size)
  throw new Error('wrong digest')
}

it.each([1 << 20, 300])(
  'what is wrong with the source is told after what is wrong with gzip, in pieces of %i',
  async size => {
    const sound = gzipSync(Buffer.from('abc'.repeat(1000)), { level: 0 })
    const wrong = Buffer.from(sound)
    wrong[1000]! ^= 1
    const told = (bytes: Uint8Array) => collect(gunzipped(rewindable(failingAtTheEnd(bytes, size)), 'layer'))
    await expect(told(sound)).rejects.toThrow('wrong digest')
    await expect(told(wrong)).rejects.toThrow('layer: incorrect checksum')
  },
)

it('a lent chunk is as it was until the next but one is asked for, whatever members have nothing in them', async () => {
  const packed = Buffer.concat(
    [1, 2, 3, 4, 5, 6].flatMap(byte => [gzipSync(Buffer.alloc(1 << 20, byte)), gzipSync(''), gzipSync('')]),
  )
  let before: Uint8Array | undefined
  let count = 0
  for await (const chunk of gunzipped(rewindable(pieces(packed, 1 << 20)), 'layer', { lent: true })) {
    // Time for the one ahead.
    await new Promise(resolve => setTimeout(resolve, 20))
    if (before) expect(before.every(byte => byte === count)).toBe(true)
    before = chunk
    count++
  }
  expect(count).toBe(6)
})

it.each([
  ['stops in the middle', 'for await (const chunk of bytes) break', 0],
  ['forgets about it', 'await bytes.next()', 0],
  ['ends meanwhile', 'setTimeout(() => process.exit(3), 2); for await (const chunk of bytes);', 3],
])('a program that %s comes to its end', (_, reads, status) => {
  const from = (name: string) => JSON.stringify(fileURLToPath(new URL(`../../dist/bytes/${name}.js`, import.meta.url)))
  const script = `
    import { gunzipped } from ${from('gunzip')}
    import { rewindable } from ${from('rewindable')}
    import { gzipSync } from 'node:zlib'
    const packed = gzipSync(Buffer.alloc(100 << 20))
    const bytes = gunzipped(rewindable((async function* () { for (;;) yield packed })()), 'layer')
    ${reads}`
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8', timeout: 20_000 })
  expect(run).toMatchObject({ status, stderr: '', signal: null })
})
