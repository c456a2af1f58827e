import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isOciError } from '../errors.ts'
import { familiarReference, parseReference, showReference, withDefaultTag } from './reference.ts'

const digest = `sha256:${'a'.repeat(64)}`

describe('references', () => {
  it.each([
    ['alpine', 'docker.io/library/alpine', 'alpine'],
    ['alpine:3.9', 'docker.io/library/alpine:3.9', 'alpine:3.9'],
    ['library/alpine', 'docker.io/library/alpine', 'alpine'],
    ['zengxu/oci-demo-app:v0', 'docker.io/zengxu/oci-demo-app:v0', 'zengxu/oci-demo-app:v0'],
    ['docker.io/zengxu/oci-demo-app', 'docker.io/zengxu/oci-demo-app', 'zengxu/oci-demo-app'],
    ['index.docker.io/library/alpine', 'docker.io/library/alpine', 'alpine'],
    ['docker.io/library/foo/bar', 'docker.io/library/foo/bar', 'library/foo/bar'],
    ['localhost/x', 'localhost/x', 'localhost/x'],
    ['localhost:5000/x:y', 'localhost:5000/x:y', 'localhost:5000/x:y'],
    ['127.0.0.1:5000/a/b:v0', '127.0.0.1:5000/a/b:v0', '127.0.0.1:5000/a/b:v0'],
    ['[::1]:5000/x', '[::1]:5000/x', '[::1]:5000/x'],
    ['[fc00::1]/x:t', '[fc00::1]/x:t', '[fc00::1]/x:t'],
    ['Example.COM/x', 'Example.COM/x', 'Example.COM/x'],
    ['Upper/x', 'Upper/x', 'Upper/x'],
    ['xn--n3h.com/myimage:xn--n3h.com', 'xn--n3h.com/myimage:xn--n3h.com', 'xn--n3h.com/myimage:xn--n3h.com'],
    ['a__b/c--d/e.f:_t', 'docker.io/a__b/c--d/e.f:_t', 'a__b/c--d/e.f:_t'],
    [`x@${digest}`, `docker.io/library/x@${digest}`, `x@${digest}`],
    [`reg.io/x:t@${digest}`, `reg.io/x:t@${digest}`, `reg.io/x:t@${digest}`],
    ['test:5000/repo', 'test:5000/repo', 'test:5000/repo'],
    ['test:5000', 'docker.io/library/test:5000', 'test:5000'],
  ])('%s', (text, full, familiar) => {
    expect(showReference(parseReference(text))).toBe(full)
    expect(familiarReference(parseReference(text))).toBe(familiar)
  })

  it.each([
    '',
    ':justtag',
    `@${digest}`,
    'x@sha256:aaaa',
    `x@sha256:${'a'.repeat(63)}`,
    'a'.repeat(64),
    'Uppercase',
    'Uppercase:tag',
    'test:5000/Uppercase/lower',
    'x:y:z',
    `x:${'t'.repeat(129)}`,
    'x:a/b',
    'x:',
    'x/',
    '/x',
    'a//b',
    'a/../b',
    'a/.b',
    'a__/b',
    'a___b',
    'a..b',
    '-foo/bar',
    'foo.-/bar:t',
    'u:p@h/x',
    '[::1]',
    '[::1/x',
    'x\n',
    'https://reg.io/x',
    `reg.io/${'a'.repeat(256)}`,
  ])('%j is none', text =>
    expect(() => parseReference(text)).toThrow(expect.objectContaining({ code: 'REFERENCE_INVALID' })),
  )

  it('get latest only when they say nothing', () => {
    expect(withDefaultTag(parseReference('x')).tag).toBe('latest')
    expect(withDefaultTag(parseReference(`x@${digest}`)).tag).toBeUndefined()
  })

  it('round-trip, and throw nothing but our error', () =>
    fc.assert(
      fc.property(fc.stringMatching(/^[a-zA-Z0-9.:/@_[\]-]{0,40}$/), text => {
        try {
          const parsed = parseReference(text)
          expect(parseReference(showReference(parsed))).toEqual(parsed)
          expect(parseReference(familiarReference(parsed))).toEqual(parsed)
        } catch (error) {
          if (!isOciError(error, 'REFERENCE_INVALID')) throw error
        }
      }),
      { numRuns: 2000 },
    ))
})
