import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isOciError } from '../../errors.ts'
import {
  parseChallenges,
  parseErrors,
  parseRange,
  parseRoute,
  type Route,
  writeChallenge,
  writeErrors,
  writeRoute,
} from './wire.ts'

const digest = `sha256:${'a'.repeat(64)}`

describe('routes go both ways', () => {
  it.each<Route>([
    { kind: 'base' },
    { kind: 'manifest', name: 'zengxu/oci-demo-app', reference: 'v0' },
    { kind: 'manifest', name: 'a/blobs/b', reference: digest },
    { kind: 'blob', name: 'a/manifests', digest },
    { kind: 'uploads', name: 'a/b' },
    { kind: 'upload', name: 'a', id: '1234' },
    { kind: 'tags', name: 'a/tags' },
  ])('%j', route => expect(parseRoute(writeRoute(route))).toEqual(route))

  it.each(['/', '/v1/', '/v2/a', '/v2//manifests/', '/v2/a/manifests/b/c'])('%s is none', path =>
    expect(parseRoute(path)).toBeUndefined(),
  )
})

describe('challenges', () => {
  it('the article’s', () =>
    expect(parseChallenges('Bearer realm="https://auth.docker.io/token",service="registry.docker.io"')).toEqual([
      { scheme: 'Bearer', parameters: { realm: 'https://auth.docker.io/token', service: 'registry.docker.io' } },
    ]))
  it('several in one header', () =>
    expect(
      parseChallenges('Negotiate, Bearer realm="r", scope="repository:a/b:pull,push" , Basic realm="x \\"y\\""'),
    ).toEqual([
      { scheme: 'Negotiate', parameters: {} },
      { scheme: 'Bearer', parameters: { realm: 'r', scope: 'repository:a/b:pull,push' } },
      { scheme: 'Basic', parameters: { realm: 'x "y"' } },
    ]))
  it.each(['', ',', '=', '"', 'Bearer =', 'realm="x"'])('garbage is no way in: %j', text =>
    expect(parseChallenges(text).filter(it => it.parameters.realm)).toEqual([]),
  )
  it('round-trip', () =>
    fc.assert(
      fc.property(
        fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.stringMatching(/^[ -~]*$/), { minKeys: 1 }),
        parameters => {
          const plain = { ...parameters }
          expect(parseChallenges(writeChallenge({ scheme: 'Bearer', parameters: plain }))).toEqual([
            { scheme: 'Bearer', parameters: plain },
          ])
        },
      ),
    ))
})

describe('ranges', () => {
  it.each([
    ['bytes=0-', { start: 0, end: 10 }],
    ['bytes=5-', { start: 5, end: 10 }],
    ['bytes=2-3', { start: 2, end: 4 }],
    ['bytes=2-99', { start: 2, end: 10 }],
    ['bytes=-3', { start: 7, end: 10 }],
    ['bytes=-30', { start: 0, end: 10 }],
    ['bytes=5-2', undefined],
    ['bytes=-', undefined],
    ['lines=1-2', undefined],
    [undefined, undefined],
  ])('%s', (header, range) => expect(parseRange(header, 10)).toEqual(range))
  it('beyond the end is an error', () =>
    expect(() => parseRange('bytes=10-', 10)).toThrow(expect.objectContaining({ code: 'SIZE_INVALID' })))
})

describe('errors', () => {
  it('go both ways', () =>
    expect(parseErrors(Buffer.from(writeErrors('BLOB_UNKNOWN', 'gone')))).toEqual({
      code: 'BLOB_UNKNOWN',
      message: 'gone',
    }))
  it('a page of a proxy is none', () => expect(parseErrors(Buffer.from('<html>'))).toBeUndefined())
  it('nothing but our error is thrown by any of it', () =>
    fc.assert(
      fc.property(fc.string(), text => {
        parseChallenges(text)
        parseErrors(Buffer.from(text))
        parseRoute(text)
        try {
          parseRange(text, 10)
        } catch (error) {
          if (!isOciError(error)) throw error
        }
      }),
    ))
})
