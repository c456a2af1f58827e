import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { OCI_MANIFEST } from '../../../spec/mediaTypes.ts'
import { type RunningRegistry, startRegistry } from './server.ts'

const root = mkdtempSync(join(tmpdir(), 'ocilab-registry-test-'))
let registry: RunningRegistry
beforeAll(async () => {
  registry = await startRegistry({ root })
})
afterAll(async () => {
  await registry.close()
  rmSync(root, { recursive: true })
})

const sha = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`
const call = (method: string, path: string, body?: string, headers: Record<string, string> = {}) =>
  fetch(path.startsWith('http') ? path : registry.url + path, { method, body, headers, redirect: 'manual' })
const codeOf = async (answer: Response) => ((await answer.json()) as { errors: { code: string }[] }).errors[0]?.code

async function push(name: string, text: string): Promise<string> {
  const begun = await call('POST', `/v2/${name}/blobs/uploads/?digest=${sha(text)}`, text)
  expect(begun.status).toBe(201)
  return sha(text)
}

async function pushImage(name: string, tag: string): Promise<string> {
  const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: await push(name, '{}'), size: 2 }
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config,
    layers: [],
    annotations: { tag },
  })
  const answer = await call('PUT', `/v2/${name}/manifests/${tag}`, manifest, { 'content-type': OCI_MANIFEST })
  expect([answer.status, answer.headers.get('docker-content-digest')]).toEqual([201, sha(manifest)])
  return sha(manifest)
}

describe('blobs', () => {
  it('come in chunks, in order only', async () => {
    const begun = await call('POST', '/v2/a/blobs/uploads/')
    expect([begun.status, begun.headers.get('range')]).toEqual([202, '0-0'])
    const upload = begun.headers.get('location')!
    expect((await call('PATCH', upload, 'hello', { 'content-range': '0-4' })).headers.get('range')).toBe('0-4')
    const late = await call('PATCH', upload, 'x', { 'content-range': '9-9' })
    expect([late.status, late.headers.get('range')]).toEqual([416, '0-4'])
    expect((await call('GET', upload)).status).toBe(204)
    expect((await call('PUT', `${upload}?digest=${sha('hello world')}`, ' world')).status).toBe(201)
    expect(await (await call('GET', `/v2/a/blobs/${sha('hello world')}`)).text()).toBe('hello world')
  })

  it('are not there when they are not what was said', async () => {
    const answer = await call('POST', `/v2/a/blobs/uploads/?digest=${sha('wanted')}`, 'got')
    expect([answer.status, await codeOf(answer)]).toEqual([400, 'DIGEST_INVALID'])
    expect((await call('HEAD', `/v2/a/blobs/${sha('wanted')}`)).status).toBe(404)
    expect(
      readdirSync(root)
        .filter(name => name.startsWith('.'))
        .flatMap(name => readdirSync(join(root, name))),
    ).toEqual([])
  })

  it('are given in parts', async () => {
    const digest = await push('a', '0123456789')
    const part = await call('GET', `/v2/a/blobs/${digest}`, undefined, { range: 'bytes=2-4' })
    expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([206, 'bytes 2-4/10', '234'])
    expect((await call('GET', `/v2/a/blobs/${digest}`, undefined, { range: 'bytes=10-' })).status).toBe(416)
    expect((await call('HEAD', `/v2/a/blobs/${digest}`)).headers.get('content-length')).toBe('10')
  })

  it('are mounted, and uploads cancelled', async () => {
    const digest = await push('a', 'shared')
    expect((await call('POST', `/v2/b/blobs/uploads/?mount=${digest}&from=a`)).status).toBe(201)
    expect((await call('POST', `/v2/b/blobs/uploads/?mount=${sha('unknown')}&from=a`)).status).toBe(202)
    const upload = (await call('POST', '/v2/a/blobs/uploads/')).headers.get('location')!
    expect((await call('DELETE', upload)).status).toBe(204)
    expect((await call('PATCH', upload, 'x')).status).toBe(404)
  })
})

describe('manifests', () => {
  it('are found by tag and digest, and deleted', async () => {
    const digest = await pushImage('m', 'v0')
    const answer = await call('GET', '/v2/m/manifests/v0')
    expect([answer.status, answer.headers.get('content-type'), answer.headers.get('docker-content-digest')]).toEqual([
      200,
      OCI_MANIFEST,
      digest,
    ])
    expect((await call('HEAD', `/v2/m/manifests/${digest}`)).status).toBe(200)
    expect((await call('DELETE', `/v2/m/manifests/${digest}`)).status).toBe(202)
    expect((await call('GET', '/v2/m/manifests/v0')).status).toBe(404)
  })

  it.each<[string, string, Record<string, string>, number, string]>([
    ['not JSON', 'x', {}, 400, 'MANIFEST_INVALID'],
    [
      'of a blob nobody has',
      JSON.stringify({ schemaVersion: 2, config: { mediaType: 'm', digest: sha('nobody'), size: 1 }, layers: [] }),
      {},
      400,
      'MANIFEST_BLOB_UNKNOWN',
    ],
    [
      'of another type than it says',
      JSON.stringify({ schemaVersion: 2, mediaType: 'x', config: {}, layers: [] }),
      {},
      400,
      'MANIFEST_INVALID',
    ],
    ['too large', ' '.repeat((4 << 20) + 1), {}, 413, 'SIZE_INVALID'],
  ])('%s', async (_name, body, headers, status, code) => {
    const answer = await call('PUT', '/v2/m/manifests/bad', body, { 'content-type': OCI_MANIFEST, ...headers })
    expect([answer.status, await codeOf(answer)]).toEqual([status, code])
    expect((await call('HEAD', '/v2/m/manifests/bad')).status).toBe(404)
  })
})

it('tags come page by page', async () => {
  for (const tag of ['c', 'a', 'b']) await pushImage('t', tag)
  expect(await (await call('GET', '/v2/t/tags/list')).json()).toEqual({ name: 't', tags: ['a', 'b', 'c'] })
  const page = await call('GET', '/v2/t/tags/list?n=2')
  expect([await page.json(), page.headers.get('link')]).toEqual([
    { name: 't', tags: ['a', 'b'] },
    '</v2/t/tags/list?n=2&last=b>; rel="next"',
  ])
  const last = await call('GET', '/v2/t/tags/list?n=2&last=b')
  expect([await last.json(), last.headers.get('link')]).toEqual([{ name: 't', tags: ['c'] }, null])
  expect((await call('GET', '/v2/t/tags/list?n=-1')).status).toBe(400)
  expect((await call('GET', '/v2/nobody/tags/list')).status).toBe(404)
})

describe('names that lead elsewhere', () => {
  it.each([
    ['/v2/UPPER/tags/list', 400],
    ['/v2/a/%2e%2e/%2e%2e/b/tags/list', 404],
    ['/v2/a%2f..%2f..%2fb/tags/list', 400],
    ['/v2/a//b/tags/list', 400],
    [`/v2/${'a'.repeat(300)}/tags/list`, 400],
    ['/v2/a/blobs/sha256:..%2f..%2f..%2fetc%2fpasswd', 404],
    ['/v2/a/blobs/sha512:abc', 400],
    ['/v2/a/manifests/..%2f..%2fx', 404],
    ['/v2/a/blobs/uploads/..%2f..%2fx', 404],
    ['/v2/%ff/tags/list', 400],
    ['/etc/passwd', 404],
  ])('%s is %i', async (path, status) => {
    expect((await call('GET', path)).status).toBe(status)
    expect(existsSync(join(root, '..', 'b'))).toBe(false)
  })
})

describe('tokens', () => {
  it('the article’s flow, by hand', async () => {
    const closed = await startRegistry({ users: { me: 'secret' }, tokenLife: 60 })
    const get = (path: string, authorization?: string) =>
      fetch(closed.url + path, { headers: authorization ? { authorization } : {} })
    const basic = (password: string) => `Basic ${Buffer.from(`me:${password}`).toString('base64')}`
    const scope = (name: string) =>
      `/token?service=${closed.service}&scope=${encodeURIComponent(`repository:${name}:pull`)}`
    try {
      expect((await get('/v2/')).headers.get('www-authenticate')).toBe(
        `Bearer realm="${closed.url}/token",service="${closed.service}"`,
      )
      expect((await get(scope('a'))).status).toBe(401)
      expect((await get(scope('a'), basic('wrong'))).status).toBe(401)
      const { token } = (await (await get(scope('a'), basic('secret'))).json()) as { token: string }
      expect((await get('/v2/a/tags/list', `Bearer ${token}`)).status).toBe(404)
      expect((await get('/v2/b/tags/list', `Bearer ${token}`)).status).toBe(401)
      expect((await get('/v2/a/tags/list', `Bearer ${token}x`)).status).toBe(401)
      expect(
        (await get('/v2/a/tags/list', `Bearer ${Buffer.from('{"alg":"none"}').toString('base64url')}.`)).status,
      ).toBe(401)
    } finally {
      await closed.close()
    }
  })
})
