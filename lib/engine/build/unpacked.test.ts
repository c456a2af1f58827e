import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import type { Bytes } from '../../bytes/bytes.ts'
import { bytesOf, collect } from '../../bytes/collect.ts'
import { expectAllHeard } from '../../bytes/testUnheard.ts'
import { unpacked } from './unpacked.ts'

describe.each(['gzip', 'zstd', 'xz', 'bzip2'])('packed with %s', program => {
  const packed = execFileSync(program, ['-c'], { input: 'hello '.repeat(10_000) })

  it('is unpacked', async () =>
    expect(Buffer.from(await collect(unpacked(bytesOf(packed), 'it'))).toString()).toBe('hello '.repeat(10_000)))

  it('a disk that fails while it is read says so, and nobody else does', () =>
    expectAllHeard(async () => {
      async function* failing(): Bytes {
        yield packed.subarray(0, 20)
        throw new Error('input/output error')
      }
      await expect(collect(unpacked(failing(), 'it'))).rejects.toThrow('input/output error')
    }))

  it('what is cut short is refused', () =>
    expect(collect(unpacked(bytesOf(packed.subarray(0, 20)), 'it'))).rejects.toMatchObject({
      code: { gzip: 'GZIP_INVALID', zstd: 'ZSTD_INVALID' }[program] ?? 'ARCHIVE_INVALID',
    }))
})

it.each(['none', 'gzip', 'xz'])('who takes only the first of it lets go of the file: %s', async program => {
  const text = Buffer.from('hello '.repeat(10_000))
  const packed = program === 'none' ? text : execFileSync(program, ['-c'], { input: text })
  let isOpen = false
  async function* file(): Bytes {
    isOpen = true
    try {
      for (;;) yield packed
    } finally {
      isOpen = false
    }
  }
  for await (const _first of unpacked(file(), 'it')) break
  expect(isOpen).toBe(false)
})
