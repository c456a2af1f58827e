import { randomBytes } from 'node:crypto'
import { afterAll, describe, expect, it } from 'vitest'
import type { Bytes } from '../../bytes/bytes.ts'
import { bytesOf, collect } from '../../bytes/collect.ts'
import { digestOf } from '../../spec/digest.ts'
import { RegistryClient } from './client.ts'
import { type Fault, type FaultyRegistry, startFaultyRegistry } from './testFaultyRegistry.ts'

const content = randomBytes(300_000)
const digest = digestOf(content)
const open: (() => unknown)[] = []
afterAll(async () => {
  for (const close of open) await close()
})

async function start(options: Parameters<typeof startFaultyRegistry>[0] = {}) {
  const registry = await startFaultyRegistry(options)
  const credentials = options?.users && { username: 'learner', password: 'secret' }
  const client = new RegistryClient(registry.host, 'a/b', { insecure: true, idle: 500, credentials })
  open.push(
    () => client.close(),
    () => registry.close(),
  )
  return { registry, client }
}

async function* inPieces(): Bytes {
  for (let at = 0; at < content.length; at += 10_000) yield content.subarray(at, at + 10_000)
}
const push = (client: RegistryClient, known: object = { digest, size: content.length }, chunkSize?: number) =>
  client.pushBlob(inPieces(), known, { again: inPieces, chunkSize })
const verbs = (registry: FaultyRegistry) => registry.seen.map(it => it.method).filter(it => it !== 'GET')

async function expectThere(client: RegistryClient): Promise<void> {
  const there = await collect(client.blob({ digest, size: content.length }))
  expect(Buffer.compare(Buffer.from(there), content)).toBe(0)
}

const status =
  (code: number, headers: Record<string, string> = {}): Fault =>
  async ({ request, response }) => {
    request.resume()
    request.once('end', () => response.writeHead(code, headers).end('<html>'))
  }
const reset: Fault = ({ request }) => void request.once('data', () => request.socket.resetAndDestroy())
/** The registry has it, but the answer is lost. */
const lost: Fault = async ({ request, healthy }) => {
  await healthy()
  request.socket.resetAndDestroy()
}
const stall: Fault = () => {}

describe('an upload', () => {
  it('of a known blob is two requests, of an unknown one three', async () => {
    const { registry, client } = await start()
    await push(client)
    expect(verbs(registry)).toEqual(['POST', 'PUT'])
    await expectThere(client)
    registry.seen.length = 0
    expect(await push(client, {})).toEqual({ digest, size: content.length })
    expect(verbs(registry)).toEqual(['POST', 'PATCH', 'PUT'])
  })

  it.each([
    ['known', { digest, size: content.length }],
    ['unknown', {}],
  ])('in pieces, of a blob that is %s', async (_name, known) => {
    const { registry, client } = await start()
    expect(await push(client, known, 100_001)).toEqual({ digest, size: content.length })
    const ranges = registry.seen.filter(it => it.method === 'PATCH').map(it => it.headers['content-range'])
    expect(ranges).toEqual(['0-100000', '100001-200001', '200002-299999'])
    await expectThere(client)
  })

  it('in pieces as large as the registry wants them', async () => {
    const { registry, client } = await start()
    registry.break(/^POST/, async ({ response, healthy }) => {
      const { status: code, headers } = await healthy()
      response.writeHead(code, { ...headers, 'oci-chunk-min-length': '150000' } as never).end()
    })
    await push(client)
    expect(registry.seen.filter(it => it.method === 'PATCH')).toHaveLength(2)
    await expectThere(client)
  })

  it.each<[string, RegExp, Fault, { known?: object; users?: Record<string, string>; chunkSize?: number }]>([
    ['503 at its begin', /^POST/, status(429, { 'retry-after': '0' }), {}],
    ['a reset', /^PUT/, reset, {}],
    ['a reset of PATCH', /^PATCH/, reset, { known: {} }],
    ['an answer that is lost', /^PUT/, lost, {}],
    ['a PATCH whose answer is lost', /^PATCH/, lost, { known: {} }],
    ['an answer that never comes', /^PUT/, stall, {}],
    ['500', /^PUT/, status(500), {}],
    ['a token that ended', /^PUT/, status(401), { users: { learner: 'secret' } }],
    ['416 in the middle', /^PATCH/, status(416, { range: '0-0' }), { chunkSize: 100_000 }],
    ['a reset in the middle', /^PATCH .*/, reset, { chunkSize: 100_000 }],
  ])('goes on after %s', async (_name, on, fault, { known, users, chunkSize }) => {
    const { registry, client } = await start({ users })
    registry.break(on, fault)
    expect(await push(client, known, chunkSize)).toEqual({ digest, size: content.length })
    await expectThere(client)
  })

  it('that the registry has forgotten begins anew', async () => {
    const { registry, client } = await start()
    registry.break(/^(PUT|GET) .*uploads/, it => (it.request.method === 'PUT' ? reset(it) : status(404)(it)), 2)
    await push(client)
    expect(verbs(registry)).toEqual(['POST', 'PUT', 'HEAD', 'POST', 'PUT'])
    await expectThere(client)
  })

  it.each<[string, number, string]>([
    ['403', 403, 'DENIED'],
    ['413', 413, 'DIGEST_INVALID'],
  ])('that is refused with %s is not tried again, and is cancelled', async (_name, code, error) => {
    const { registry, client } = await start()
    registry.break(/^PUT/, status(code), 1000)
    await expect(push(client)).rejects.toMatchObject({ code: error, message: expect.stringContaining(String(code)) })
    expect(verbs(registry)).toEqual(['POST', 'PUT', 'DELETE'])
  })

  it('ends when nothing helps', async () => {
    const { registry, client } = await start()
    registry.break(/^PUT/, reset, 1000)
    await expect(push(client)).rejects.toMatchObject({ code: 'REGISTRY_UNREACHABLE' })
    expect(registry.seen.filter(it => it.method === 'PUT')).toHaveLength(6)
  }, 60_000)

  it('whose bytes cannot be read says why, and leaves nothing', async () => {
    const { registry, client } = await start()
    async function* broken(): Bytes {
      yield content.subarray(0, 1000)
      throw new Error('the disk is gone')
    }
    await expect(client.pushBlob(broken(), { digest, size: content.length })).rejects.toThrow('the disk is gone')
    expect(verbs(registry).at(-1)).toBe('DELETE')
    expect(await client.hasBlob(digest)).toBe(false)
  })

  it.each(['file:///etc/passwd', ''])('with the Location %j', async location => {
    const { registry, client } = await start()
    registry.break(/^POST/, ({ response }) => response.writeHead(202, location ? { location } : {}).end())
    await expect(push(client)).rejects.toMatchObject({ code: 'PROTOCOL' })
  })
})

describe('a manifest', () => {
  it('is pushed again after an answer that is lost', async () => {
    const { registry, client } = await start()
    const raw = Buffer.from('{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}')
    registry.break(/^PUT/, lost)
    await client.pushManifest('v0', 'application/vnd.oci.image.index.v1+json', raw)
    expect((await client.manifest('v0')).descriptor.digest).toBe(digestOf(raw))
  })
})

describe('a blob of another repository', () => {
  it('is mounted, or sent where it cannot be', async () => {
    const { registry, client } = await start()
    const other = new RegistryClient(registry.host, 'other', { insecure: true })
    open.push(() => other.close())
    await other.pushBlob(bytesOf(content), { digest, size: content.length })
    registry.seen.length = 0
    expect(await client.mountBlob(digest, 'nobody')).toBe(false)
    // What the refusal began is used: there is no second POST.
    await push(client)
    expect(verbs(registry)).toEqual(['POST', 'PUT'])
    const third = new RegistryClient(registry.host, 'third', { insecure: true })
    open.push(() => third.close())
    expect(await third.mountBlob(digest, 'other')).toBe(true)
    await expectThere(third)
  })
})
