import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isOciError } from '../errors.ts'
import { digester, digestOf, hexOf, isDigest, parseDigest, shortDigest } from './digest.ts'

const empty = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

describe('digests', () => {
  it('are what sha256sum says', () => {
    expect(digestOf('')).toBe(empty)
    expect(shortDigest(digestOf(''))).toBe('e3b0c44298fc')
    expect(hexOf(digestOf('', 'sha512'))).toHaveLength(128)
  })

  it.each([
    '',
    'sha256:',
    empty.slice(0, -1),
    `${empty}0`,
    empty.toUpperCase(),
    empty.replace('sha256', 'sha1'),
    'sha256:../../etc/passwd',
    `sha256:${'../'.repeat(21)}a`,
    ` ${empty}`,
    `${empty}\n`,
    null,
    42,
  ])('%j is none', text =>
    expect(() => parseDigest(text, 'here')).toThrow(expect.objectContaining({ code: 'DIGEST_INVALID' })),
  )

  it('piece by piece is the same as in one', () =>
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), chunks => {
        const hash = digester()
        for (const chunk of chunks) hash.update(chunk)
        expect(hash.digest()).toBe(digestOf(Buffer.concat(chunks)))
      }),
    ))

  it('nothing but our error is thrown', () =>
    fc.assert(
      fc.property(fc.anything(), value => {
        try {
          return isDigest(parseDigest(value))
        } catch (error) {
          return isOciError(error, 'DIGEST_INVALID')
        }
      }),
      { examples: [[{ toString: false }]] },
    ))
})
