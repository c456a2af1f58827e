import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { digestOf } from '../../../spec/digest.ts'
import { parseNextLink } from '../wire/lists.ts'
import { codeOf, media, testRegistry } from './testRegistry.ts'

describe.each(media)('lists in %s', medium => {
  const { call, pushImage, push, root } = testRegistry(medium)
  const get = async (path: string) => {
    const answer = await call('GET', path)
    return [answer.status, await answer.json(), answer.headers.get('link')]
  }
  const all = async (path: string, field: string) => {
    const found: string[] = []
    for (let next: string | undefined = path; next !== undefined; ) {
      const answer: Response = await call('GET', next)
      found.push(...((await answer.json()) as Record<string, string[]>)[field]!)
      next = parseNextLink(answer.headers.get('link') ?? undefined)
    }
    return found
  }

  beforeAll(async () => {
    // What a layout calls its own may be part of a name; and names may be inside of names.
    for (const name of ['t', 'a/b', 'a', 'a/blobs', 'index.json', 'a/index.json/c']) await pushImage(name, 'v0')
    for (const tag of ['c', 'B', 'a']) await pushImage('t', tag)
    await push('only-blobs', 'x')
  })

  it('tags, page by page', async () => {
    const tags = ['B', 'a', 'c', 'v0']
    expect(await get('/v2/t/tags/list')).toEqual([200, { name: 't', tags }, null])
    expect(await get('/v2/t/tags/list?n=2')).toEqual([
      200,
      { name: 't', tags: ['B', 'a'] },
      '</v2/t/tags/list?n=2&last=a>; rel="next"',
    ])
    expect(await get('/v2/t/tags/list?n=2&last=a')).toEqual([200, { name: 't', tags: ['c', 'v0'] }, null])
    expect(await get('/v2/t/tags/list?last=b')).toEqual([200, { name: 't', tags: ['c', 'v0'] }, null])
    expect(await get('/v2/t/tags/list?last=zzz')).toEqual([200, { name: 't', tags: [] }, null])
    expect(await get('/v2/t/tags/list?n=0')).toEqual([200, { name: 't', tags: [] }, null])
    for (const n of [1, 3, 4, 999_999_999]) expect(await all(`/v2/t/tags/list?n=${n}`, 'tags')).toEqual(tags)
  })

  it.each(['-1', 'abc', '', '1e3', '2.5'])('n=%s is refused', async n => {
    expect((await call('GET', `/v2/t/tags/list?n=${n}`)).status).toBe(400)
    expect((await call('GET', `/v2/_catalog?n=${n}`)).status).toBe(400)
  })

  it('tags of nobody', async () => {
    for (const name of ['nobody', 'only-blobs']) {
      const answer = await call('GET', `/v2/${name}/tags/list`)
      expect([answer.status, await codeOf(answer)]).toEqual([404, 'NAME_UNKNOWN'])
    }
  })

  it('repositories', async () => {
    const names = ['a', 'a/b', 'a/blobs', 'a/index.json/c', 'index.json', 't']
    expect(await get('/v2/_catalog')).toEqual([200, { repositories: names }, null])
    for (const n of [1, 5]) expect(await all(`/v2/_catalog?n=${n}`, 'repositories')).toEqual(names)
  })

  const ofTheConnection = ['date', 'connection', 'keep-alive']
  it('a HEAD has the headers of the GET', async () => {
    const image = digestOf('{}')
    for (const path of [
      '/v2/',
      '/v2/t/tags/list',
      '/v2/t/manifests/a',
      `/v2/t/blobs/${image}`,
      `/v2/t/referrers/${image}`,
      '/v2/_catalog',
      '/v2/t/manifests/none',
      `/v2/t/blobs/${digestOf('none')}`,
    ]) {
      const [head, got] = await Promise.all([call('HEAD', path), call('GET', path)])
      const headers = (answer: Response) => [...answer.headers].filter(([name]) => !ofTheConnection.includes(name))
      expect([head.status, headers(head)], path).toEqual([got.status, headers(got)])
      await got.arrayBuffer()
    }
  })

  describe('names that lead elsewhere', () => {
    it.each([
      ['/v2/UPPER/tags/list', 400],
      ['/v2/a/%2e%2e/%2e%2e/b/tags/list', 404],
      ['/v2/a%2f..%2f..%2fb/tags/list', 400],
      ['/v2/a//b/tags/list', 400],
      ['/v2/.ocilab.x/tags/list', 400],
      ['/v2/_blobs/tags/list', 400],
      [`/v2/${'a'.repeat(300)}/tags/list`, 400],
      ['/v2/a/blobs/sha256:..%2f..%2f..%2fetc%2fpasswd', 404],
      ['/v2/a/blobs/sha512:abc', 400],
      ['/v2/a/blobs/sha256:%2e%2e', 400],
      ['/v2/a/manifests/..%2f..%2fx', 404],
      ['/v2/a/manifests/..', 404],
      ['/v2/a/manifests/sha256:..', 400],
      ['/v2/a/blobs/uploads/..%2f..%2fx', 404],
      ['/v2/a/blobs/uploads/..', 404],
      ['/v2/%ff/tags/list', 400],
      ['/etc/passwd', 404],
      ['/v2/a', 404],
    ])('%s is %i', async (path, status) => {
      for (const method of ['GET', 'DELETE', 'POST', 'PUT', 'PATCH']) {
        const answer = await call(method, path, method === 'GET' || method === 'DELETE' ? undefined : 'x')
        if (method === 'GET') expect(answer.status).toBe(status)
        else expect([400, 404, 405]).toContain(answer.status)
      }
      expect(existsSync(join(root, '..', 'b'))).toBe(false)
    })
  })

  it('a method that is not for it', async () => {
    const answer = await call('POST', '/v2/t/tags/list')
    expect([answer.status, answer.headers.get('allow'), await codeOf(answer)]).toEqual([
      405,
      'GET, HEAD',
      'UNSUPPORTED',
    ])
  })
})
