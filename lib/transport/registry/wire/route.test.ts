import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseRoute, type Route, writeRoute } from './route.ts'

const digest = `sha256:${'a'.repeat(64)}`

function parsed(text: string): Route | undefined {
  const { pathname, searchParams } = new URL(text, 'http://registry')
  return parseRoute(pathname, searchParams)
}

describe('routes go both ways', () => {
  it.each<Route>([
    { kind: 'base' },
    { kind: 'manifest', name: 'zengxu/oci-demo-app', reference: 'v0' },
    { kind: 'manifest', name: 'a/blobs/b', reference: digest },
    { kind: 'manifest', name: 'a', reference: digest, tags: ['v0', 'v1'] },
    { kind: 'blob', name: 'a/manifests', digest },
    { kind: 'uploads', name: 'a/b' },
    { kind: 'uploads', name: 'a/b', digest },
    { kind: 'uploads', name: 'a/b', mount: digest, from: 'c/d' },
    { kind: 'uploads', name: 'a/b', algorithm: 'sha512' },
    { kind: 'upload', name: 'a', id: '1234' },
    { kind: 'upload', name: 'a', id: '1234', digest },
    { kind: 'tags', name: 'a/tags' },
    { kind: 'tags', name: 'a', n: 10, last: 'v0' },
    { kind: 'referrers', name: 'a/referrers', digest },
    { kind: 'referrers', name: 'a', digest, artifactType: 'application/x+json' },
    { kind: 'catalog' },
    { kind: 'catalog', n: 0, last: 'a/b' },
  ])('%j', route => expect(parsed(writeRoute(route))).toEqual(route))

  it.each(['/', '/v1/', '/v2/a', '/v2//manifests/', '/v2/a/manifests/b/c', '/v2/_catalog/x'])('%s is none', path =>
    expect(parseRoute(path)).toBeUndefined(),
  )

  it('what is no number is left to be refused', () =>
    expect(parsed('/v2/a/tags/list?n=-1')).toEqual({ kind: 'tags', name: 'a', n: '-1' }))

  it('any text is a path, though most are none', () =>
    fc.assert(
      fc.property(fc.string(), fc.string(), (path, query) => void parseRoute(path, new URLSearchParams(query))),
    ))
})
