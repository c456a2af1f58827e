import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { Bytes } from './bytes.ts'
import { collect } from './collect.ts'
import { decompressed, detectCompression } from './compression.ts'

const ABC = Buffer.from('abc')
// Does not compress, so that its compressed form has many chunks.
const NOISE = Buffer.from(Array.from({ length: 700_000 }, (_, i) => (Math.sin(i) * 1e6) & 255))
const ZSTD_SKIPPABLE = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4])

async function* pieces(bytes: Uint8Array, size: number): Bytes {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

function changed(bytes: Buffer, fromEnd: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[copy.length - fromEnd]! ^= 1
  return copy
}

const join = (...parts: Uint8Array[]) => Buffer.concat(parts)
const unpacked = async (bytes: Uint8Array, size: number) =>
  Buffer.from(await collect(decompressed(pieces(bytes, size), 'layer')))

// Where a chunk ends must not matter: node:zlib itself is of another opinion with several frames.
describe.each([1, 7, 1 << 20])('in pieces of %i bytes', size => {
  it.each<[string, Buffer, Buffer]>([
    ['nothing', Buffer.alloc(0), Buffer.alloc(0)],
    ['what is not packed', ABC, ABC],
    ['gzip', gzipSync(ABC), ABC],
    ['gzip of nothing', gzipSync(''), Buffer.alloc(0)],
    ['gzip of much', gzipSync(NOISE), NOISE],
    ['gzip members', join(gzipSync(ABC), gzipSync(''), gzipSync('def')), Buffer.from('abcdef')],
    ['gzip with zeros after it', join(gzipSync(ABC), Buffer.alloc(700)), ABC],
    ['zstd', zstdCompressSync(ABC), ABC],
    ['zstd of much', zstdCompressSync(NOISE), NOISE],
    ['zstd frames', join(zstdCompressSync(ABC), ZSTD_SKIPPABLE, zstdCompressSync('def')), Buffer.from('abcdef')],
  ])('unpacks %s', async (_what, packed, plain) => {
    if (size < 1000 && packed.length > 10_000) return
    expect((await unpacked(packed, size)).equals(plain)).toBe(true)
  })

  it.each<[string, string, Buffer]>([
    ['GZIP_INVALID', 'a cut header', gzipSync(ABC).subarray(0, 6)],
    ['GZIP_INVALID', 'a cut trailer', gzipSync(ABC).subarray(0, -3)],
    ['GZIP_INVALID', 'a cut second member', join(gzipSync(ABC), gzipSync(ABC).subarray(0, -2))],
    ['GZIP_INVALID', 'a wrong checksum', changed(gzipSync(ABC), 6)],
    ['GZIP_INVALID', 'a wrong length', changed(gzipSync(ABC), 1)],
    ['GZIP_INVALID', 'garbage after it', join(gzipSync(ABC), Buffer.from('garbage'))],
    ['GZIP_INVALID', 'garbage after zeros after it', join(gzipSync(ABC), Buffer.alloc(9), Buffer.from('x'))],
    ['ZSTD_INVALID', 'a cut frame', zstdCompressSync(ABC).subarray(0, -3)],
    ['ZSTD_INVALID', 'a cut second frame', join(zstdCompressSync(ABC), zstdCompressSync(ABC).subarray(0, -1))],
    ['ZSTD_INVALID', 'a frame cut between blocks', zstdCompressSync(NOISE.subarray(0, 5000)).subarray(0, 3000)],
    ['ZSTD_INVALID', 'garbage after it', join(zstdCompressSync(ABC), Buffer.from('garbage'))],
  ])('throws %s for %s', async (code, _what, packed) => {
    await expect(unpacked(packed, size)).rejects.toMatchObject({ code, message: expect.stringMatching(/^layer: /) })
  })
})

it('reads the source to its end, so that whoever verifies it sees all of it', async () => {
  let ended = false
  async function* watched(): Bytes {
    yield gzipSync(ABC)
    yield Buffer.alloc(512)
    yield Buffer.alloc(512)
    ended = true
  }
  await collect(decompressed(watched(), 'layer'))
  expect(ended).toBe(true)
})

it('passes on what goes wrong before it', async () => {
  async function* failing(): Bytes {
    yield gzipSync(NOISE).subarray(0, 100_000)
    throw new Error('the wire broke')
  }
  await expect(collect(decompressed(failing(), 'layer'))).rejects.toThrow('the wire broke')
})

it('lets go of the source when the reader leaves', async () => {
  let released = false
  async function* held(): Bytes {
    try {
      for (;;) yield gzipSync(NOISE)
    } finally {
      released = true
    }
  }
  for await (const _ of decompressed(held(), 'layer')) break
  expect(released).toBe(true)
})

it('tells compressions by their first bytes', () => {
  expect(detectCompression(gzipSync(''))).toBe('gzip')
  expect(detectCompression(zstdCompressSync(''))).toBe('zstd')
  expect(detectCompression(Buffer.from('dir/'))).toBe('none')
  expect(detectCompression(Buffer.from([0x1f]))).toBe('none')
})
