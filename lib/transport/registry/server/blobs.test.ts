import { createHash } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { digestOf } from '../../../spec/digest.ts'
import { codeOf, media, testRegistry } from './testRegistry.ts'

const nothing = digestOf('nobody has this')

describe.each(media)('blobs in %s', medium => {
  const { call, push, root } = testRegistry(medium, { blobLimit: 1 << 20 })
  const begin = async (name: string, query = '') =>
    (await call('POST', `/v2/${name}/blobs/uploads/${query}`)).headers.get('location')!

  it('come in chunks, in order only', async () => {
    const begun = await call('POST', '/v2/a/blobs/uploads/')
    expect([begun.status, begun.headers.get('range')]).toEqual([202, '0-0'])
    const upload = begun.headers.get('location')!
    const first = await call('PATCH', upload, 'hello', { 'content-range': '0-4' })
    expect([first.status, first.headers.get('range')]).toEqual([202, '0-4'])
    for (const range of ['9-9', '3-3', '5-99', 'x']) {
      const wrong = await call('PATCH', upload, 'x', { 'content-range': range })
      expect([wrong.status, wrong.headers.get('range'), wrong.headers.get('location')]).toEqual([416, '0-4', upload])
    }
    const status = await call('GET', upload)
    expect([status.status, status.headers.get('range')]).toEqual([204, '0-4'])
    const done = await call('PUT', `${upload}?digest=${digestOf('hello world')}`, ' world', { 'content-range': '5-10' })
    expect([done.status, done.headers.get('location')]).toEqual([201, `/v2/a/blobs/${digestOf('hello world')}`])
    expect(await (await call('GET', done.headers.get('location')!)).text()).toBe('hello world')
    expect((await call('GET', upload)).status).toBe(404)
  })

  it('are not there when they are not what was said', async () => {
    const answer = await call('POST', `/v2/a/blobs/uploads/?digest=${nothing}`, 'something else')
    expect([answer.status, await codeOf(answer)]).toEqual([400, 'DIGEST_INVALID'])
    const upload = await begin('a')
    const put = await call('PUT', `${upload}?digest=${nothing}`, 'something else')
    expect([put.status, await codeOf(put)]).toEqual([400, 'DIGEST_INVALID'])
    expect((await call('HEAD', `/v2/a/blobs/${nothing}`)).status).toBe(404)
    if (medium === 'folder') expect(unfinished(root)).toEqual([])
  })

  it.each(['sha256', 'sha512'] as const)('have names by %s, told in advance or not', async algorithm => {
    const digest = digestOf(`by ${algorithm}`, algorithm)
    for (const query of ['', `?digest-algorithm=${algorithm}`]) {
      const upload = await begin(`d${query.length}`, query)
      expect((await call('PUT', `${upload}?digest=${digest}`, `by ${algorithm}`)).status).toBe(201)
      expect(await (await call('GET', `/v2/d${query.length}/blobs/${digest}`)).text()).toBe(`by ${algorithm}`)
    }
    expect((await call('POST', '/v2/a/blobs/uploads/?digest-algorithm=md5')).status).toBe(400)
  })

  it('may be empty', async () => {
    const digest = await push('a', '')
    const answer = await call('GET', `/v2/a/blobs/${digest}`)
    expect([answer.status, answer.headers.get('content-length'), await answer.text()]).toEqual([200, '0', ''])
  })

  it('may be large, and come back the same', async () => {
    const bytes = Buffer.from(Array.from({ length: 1_000_003 }, (_, i) => (Math.sin(i) * 1e6) & 255))
    const digest = await push('large', bytes)
    const back = Buffer.from(await (await call('GET', `/v2/large/blobs/${digest}`)).arrayBuffer())
    expect(back.equals(bytes)).toBe(true)
    const part = await call('GET', `/v2/large/blobs/${digest}`, undefined, { range: 'bytes=300000-900000' })
    expect(bytes.subarray(300_000, 900_001).equals(Buffer.from(await part.arrayBuffer()))).toBe(true)
  })

  it('may not be larger than is said', async () => {
    const digest = createHash('sha256')
      .update(Buffer.alloc((1 << 20) + 1))
      .digest('hex')
    const answer = await call('POST', `/v2/a/blobs/uploads/?digest=sha256:${digest}`, Buffer.alloc((1 << 20) + 1))
    expect([answer.status, await codeOf(answer)]).toEqual([413, 'SIZE_INVALID'])
    expect((await call('HEAD', `/v2/a/blobs/sha256:${digest}`)).status).toBe(404)
  })

  it.each<[string, number, string | null, string]>([
    ['bytes=2-4', 206, 'bytes 2-4/10', '234'],
    ['bytes=-3', 206, 'bytes 7-9/10', '789'],
    ['bytes=8-', 206, 'bytes 8-9/10', '89'],
    ['bytes=8-99', 206, 'bytes 8-9/10', '89'],
    ['bytes=0-0', 206, 'bytes 0-0/10', '0'],
    ['bytes=10-', 416, 'bytes */10', ''],
    ['bytes=5-2', 416, 'bytes */10', ''],
    ['bytes=x', 200, null, '0123456789'],
  ])('are given in parts: %s', async (range, status, said, body) => {
    const digest = await push('a', '0123456789')
    const part = await call('GET', `/v2/a/blobs/${digest}`, undefined, { range })
    const text = await part.text()
    expect([part.status, part.headers.get('content-range')]).toEqual([status, said])
    if (status !== 416) expect(text).toBe(body)
    const whole = await call('GET', `/v2/a/blobs/${digest}`, undefined, { range, 'if-range': '"another"' })
    expect([whole.status, await whole.text()]).toEqual([200, '0123456789'])
  })

  it('are not sent to who has them', async () => {
    const digest = await push('a', 'known')
    const etag = (await call('HEAD', `/v2/a/blobs/${digest}`)).headers.get('etag')!
    for (const header of [etag, `"x", W/${etag}`, '*'])
      expect((await call('GET', `/v2/a/blobs/${digest}`, undefined, { 'if-none-match': header })).status).toBe(304)
    expect((await call('GET', `/v2/a/blobs/${digest}`, undefined, { 'if-none-match': '"x"' })).status).toBe(200)
  })

  it('are mounted from a repository, or from wherever they are', async () => {
    const digest = await push('from', 'shared')
    const mounted = await call('POST', `/v2/to/blobs/uploads/?mount=${digest}&from=from`)
    expect([mounted.status, mounted.headers.get('location')]).toEqual([201, `/v2/to/blobs/${digest}`])
    expect(await (await call('GET', `/v2/to/blobs/${digest}`)).text()).toBe('shared')
    expect((await call('POST', `/v2/anon/blobs/uploads/?mount=${digest}`)).status).toBe(201)
    expect((await call('POST', `/v2/to/blobs/uploads/?mount=${nothing}&from=from`)).status).toBe(202)
    expect((await call('POST', `/v2/to/blobs/uploads/?mount=${digest}&from=nobody`)).status).toBe(202)
    expect((await call('POST', '/v2/to/blobs/uploads/?mount=x&from=from')).status).toBe(400)
    if (medium === 'folder') {
      const inode = (name: string) => statSync(join(root, name, 'blobs/sha256', digest.slice(7))).ino
      expect(new Set(['from', 'to', 'anon', ''].map(inode)).size).toBe(1)
    }
  })

  it('are deleted from one repository, and stay in others', async () => {
    const digest = await push('x', 'deleted')
    await push('y', 'deleted')
    expect((await call('DELETE', `/v2/x/blobs/${digest}`)).status).toBe(202)
    expect((await call('GET', `/v2/x/blobs/${digest}`)).status).toBe(404)
    expect((await call('DELETE', `/v2/x/blobs/${digest}`)).status).toBe(404)
    expect(await (await call('GET', `/v2/y/blobs/${digest}`)).text()).toBe('deleted')
  })

  it('are given up', async () => {
    const upload = await begin('a')
    expect((await call('PATCH', upload, 'some')).status).toBe(202)
    expect((await call('DELETE', upload)).status).toBe(204)
    for (const method of ['GET', 'PATCH', 'DELETE']) {
      const answer = await call(method, upload, method === 'PATCH' ? 'x' : undefined)
      expect([answer.status, await codeOf(answer)]).toEqual([404, 'BLOB_UPLOAD_UNKNOWN'])
    }
    if (medium === 'folder') expect(unfinished(root)).toEqual([])
  })

  it('an upload is of one repository', async () => {
    const upload = await begin('a')
    expect((await call('GET', upload.replace('/v2/a/', '/v2/b/'))).status).toBe(404)
  })

  it('a thousand at once of one blob are one blob', async () => {
    const results = await Promise.all(
      Array.from({ length: 1000 }, (_, i) => push(`many/r${i % 7}`, 'the same').then(() => 'pushed')),
    )
    expect(new Set(results)).toEqual(new Set(['pushed']))
    expect(await (await call('GET', `/v2/many/r3/blobs/${digestOf('the same')}`)).text()).toBe('the same')
    if (medium === 'folder') {
      expect(unfinished(root)).toEqual([])
      // The shared name, and one for each repository.
      expect(statSync(join(root, 'blobs/sha256', digestOf('the same').slice(7))).nlink).toBe(8)
    }
  })
})

function unfinished(root: string): string[] {
  const staging = readdirSync(root).filter(name => name.startsWith('.'))
  return staging.flatMap(name => readdirSync(join(root, name)))
}
