import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { copy } from '../../copy.ts'
import { testFolder, testSource } from '../../testImages.ts'
import { RegistryClient } from '../client.ts'
import { type Fault, type FaultyRegistry, startFaultyRegistry } from '../testFaultyRegistry.ts'

const folder = testFolder()
const credentials = { username: 'learner', password: 'secret' }
const open: (() => unknown)[] = []
afterAll(async () => {
  for (const close of open) await close()
})

/** A registry that wants tokens; its challenge names the line in front of it, so that tokens too go wrong there. */
async function guarded(options: { scheme?: 'basic' } = {}): Promise<FaultyRegistry> {
  const registry = await startFaultyRegistry({ users: { learner: 'secret' }, ...options })
  open.push(() => registry.close())
  await copy(await testSource(), `docker://${registry.real.host}/a:v0`, { insecure: true, credentials })
  return registry
}

let count = 0
const pull = (host: string, given: typeof credentials | null = credentials) =>
  copy(`docker://${host}/a:v0`, `oci:${join(folder, String(count++))}:v0`, {
    insecure: true,
    credentials: given ?? undefined,
    idle: 500,
  })
const challenge =
  (...values: string[]): Fault =>
  ({ response }) =>
    response.writeHead(401, { 'www-authenticate': values }).end()
const TOKEN = /^GET \/token/
const token =
  (status: number, body: string): Fault =>
  ({ response }) =>
    response.writeHead(status).end(body)

describe('the way in', () => {
  it.each([
    ['tokens', {}],
    ['the password itself', { scheme: 'basic' as const }],
  ])('%s', async (_name, options) => {
    const registry = await guarded(options)
    await pull(registry.host)
    await expect(pull(registry.host, { username: 'learner', password: 'wrong' })).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
    })
    await expect(pull(registry.host, null)).rejects.toMatchObject({ code: 'UNAUTHORIZED' })
  })

  it.each([
    [
      'in one header',
      (realm: string) => [`Negotiate, Bearer realm="${realm}",service="ocilab-registry", Basic realm="x"`],
    ],
    [
      'in several',
      (realm: string) => ['Negotiate abcdef==', 'Basic realm="x"', `Bearer realm="${realm}",service="ocilab-registry"`],
    ],
    ['after garbage', (realm: string) => [`=,,"; Bearer realm="${realm}",service="ocilab-registry"`]],
  ])('of several challenges the one with a token, %s', async (_name, values) => {
    const registry = await guarded()
    registry.break(/^GET \/v2\/$/, challenge(...values(`http://${registry.host}/token`)), 10)
    await pull(registry.host)
    const basics = registry.seen.filter(it => it.headers.authorization?.startsWith('Basic'))
    expect(basics.every(it => it.url?.startsWith('/token'))).toBe(true)
  })

  it('a token that ends in the middle is renewed, once', async () => {
    const registry = await guarded()
    const stale: Fault = ({ response }) =>
      response
        .writeHead(401, {
          'www-authenticate': `Bearer realm="http://${registry.host}/token",service="ocilab-registry"`,
        })
        .end()
    registry.break(/blobs/, stale)
    await pull(registry.host)
    registry.break(/blobs/, stale, 1000)
    await expect(pull(registry.host)).rejects.toMatchObject({ code: 'UNAUTHORIZED' })
    expect(registry.seen.filter(it => TOKEN.test(`GET ${it.url}`)).length).toBeLessThan(5)
  })

  it('requests that need the same token at once get one', async () => {
    const registry = await guarded()
    const client = new RegistryClient(registry.host, 'a', { insecure: true, credentials })
    open.push(() => client.close())
    registry.seen.length = 0
    await Promise.all(Array.from({ length: 8 }, () => client.manifestDigest('v0')))
    expect(registry.seen.filter(it => it.url?.startsWith('/token'))).toHaveLength(1)
  })

  it('a token that ends soon is not used when it has ended', async () => {
    const registry = await startFaultyRegistry({ users: { learner: 'secret' }, tokenLife: 1 })
    open.push(() => registry.close())
    const client = new RegistryClient(registry.host, 'a', { insecure: true, credentials })
    open.push(() => client.close())
    await client.manifestDigest('v0')
    await new Promise(resolve => setTimeout(resolve, 1200))
    registry.seen.length = 0
    await client.manifestDigest('v0')
    expect(registry.seen.map(it => it.url?.split('?')[0])).toEqual(['/token', '/v2/a/manifests/v0'])
  })
})

describe('a token server that fails', () => {
  it.each<[string, Fault, RegExp]>([
    ['says no', token(401, '{}'), /wrong user name or password/],
    ['is broken', token(500, '<html>'), /status 500/],
    ['gives no JSON', token(200, '<html>'), /token of/],
    ['gives no token', token(200, '{"expires_in":3}'), /without a token/],
    ['gives an empty one', token(200, '{"token":""}'), /without a token/],
    ['never ends', ({ response }) => response.end(Buffer.alloc(3 << 20)), /at most/],
    [
      'sends us to a file',
      ({ response }) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
      /want http/,
    ],
  ])('%s', async (_name, fault, message) => {
    const registry = await guarded()
    registry.break(TOKEN, fault, 1000)
    const error = await pull(registry.host).catch(it => it)
    expect(error.message).toMatch(message)
    expect(error.message).not.toContain('secret')
    registry.heal()
    await pull(registry.host)
  })

  it.each([
    ['a file', 'file:///etc/passwd', /no web address/],
    ['an open line', 'http://elsewhere.example/token', /without encryption/],
    ['nothing', 'nonsense', /no web address/],
  ])('the realm is %s', async (_name, realm, message) => {
    const registry = await guarded()
    registry.break(/v2/, challenge(`Bearer realm="${realm}"`), 1000)
    await expect(pull(registry.host)).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringMatching(message),
    })
  })

  it('garbage for a challenge is a plain refusal', async () => {
    const registry = await guarded()
    registry.break(/v2/, challenge('\u00ff\u00fe"="="'), 1000)
    await expect(pull(registry.host)).rejects.toMatchObject({ code: 'UNAUTHORIZED' })
  })
})

describe('what says who we are stays with whom it is for', () => {
  async function stranger(
    answer: (path: string) => [number, Record<string, string>],
  ): Promise<{ host: string; seen: Server; secrets: unknown[] }> {
    const secrets: unknown[] = []
    const server = createServer((request, response) => {
      secrets.push(request.headers.authorization)
      const [status, headers] = answer(request.url ?? '')
      response.writeHead(status, headers).end()
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    open.push(() => server.close())
    return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, seen: server, secrets }
  }

  it('a redirect to another host, which asks for a password', async () => {
    const other = await stranger(() => [401, { 'www-authenticate': 'Basic realm="give"' }])
    const registry = await guarded()
    registry.break(
      /blobs/,
      ({ response }) => response.writeHead(307, { location: `http://u:p@${other.host}/x` }).end(),
      1000,
    )
    await expect(pull(registry.host)).rejects.toMatchObject({ code: 'UNAUTHORIZED' })
    expect(new Set(other.secrets)).toEqual(new Set([undefined]))
  })

  it('a token server that sends us on', async () => {
    const other = await stranger(() => [200, {}])
    const registry = await guarded()
    registry.break(TOKEN, ({ response }) => response.writeHead(302, { location: `http://${other.host}/x` }).end(), 1000)
    await expect(pull(registry.host)).rejects.toThrow()
    expect(new Set(other.secrets)).toEqual(new Set([undefined]))
  })

  it('an upload that goes on elsewhere', async () => {
    const other = await stranger(() => [202, { location: '/x', range: '0-0' }])
    const registry = await guarded()
    const away: Fault = ({ response }) => response.writeHead(202, { location: `http://${other.host}/upload` }).end()
    registry.break(/^POST/, away, 1000)
    await expect(
      copy(await testSource(['new']), `docker://${registry.host}/a:v1`, { insecure: true, credentials }),
    ).rejects.toThrow()
    expect(other.secrets.length).toBeGreaterThan(0)
    expect(new Set(other.secrets)).toEqual(new Set([undefined]))
  })

  it('the next page of a list', async () => {
    const other = await stranger(() => [200, {}])
    const registry = await guarded()
    const client = new RegistryClient(registry.host, 'a', { insecure: true, credentials })
    open.push(() => client.close())
    registry.break(/tags/, ({ response }) =>
      response
        .writeHead(200, { link: `<http://${other.host}/v2/a/tags/list>; rel="next"` })
        .end('{"name":"a","tags":["v0"]}'),
    )
    await expect(client.tags()).rejects.toMatchObject({ code: 'PROTOCOL' })
    registry.break(
      /tags/,
      ({ response }) =>
        response.writeHead(200, { link: '</v2/a/tags/list>; rel="next"' }).end('{"name":"a","tags":["v0"]}'),
      9,
    )
    await expect(client.tags()).rejects.toThrow('without an end')
    expect(other.secrets).toEqual([])
  })
})
