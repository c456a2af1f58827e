import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { copy } from '../copy.ts'
import type { Fault } from './testFaultyRegistry.ts'
import { BLOB, but, half, MANIFEST, raw, status, testPulls, withoutLength } from './testPull.ts'

// Nothing but bad answers, and then a healthy registry again: one error, nothing half-written, and the next pull goes well.
const { image, registryWithImage, pull, target, expectWhole } = await testPulls()
const layer = image.layers[0]!.descriptor.digest

const json = (text: string): Fault => but(() => ({ body: Buffer.from(text), headers: {} }))
const endless: Fault = ({ response }) => {
  response.writeHead(200)
  const more = () => void (response.destroyed || response.write(Buffer.alloc(1 << 16, 32), more))
  more()
}
const flip = (body: Buffer) => Buffer.concat([body.subarray(0, -1), Buffer.from([body.at(-1)! ^ 1])])

describe.concurrent('what stays bad is one clear error:', () => {
  it.each<[string, RegExp, Fault, string, RegExp]>([
    ['500', /blobs/, status(500), 'BLOB_UNKNOWN', /blob [0-9a-f]{12}.*500/],
    ['404', /blobs/, status(404), 'BLOB_UNKNOWN', /a\/b: blob [0-9a-f]{12}.*404/],
    ['403', /blobs/, status(403), 'DENIED', /a\/b: blob [0-9a-f]{12}.*403/],
    ['404 for the manifest', MANIFEST, status(404), 'MANIFEST_UNKNOWN', /a\/b:v0/],
    ['a body cut short each time', BLOB, half(response => response.destroy()), 'REGISTRY_UNREACHABLE', /blobs\/sha256/],
    ['an answer that never comes', /blobs/, () => {}, 'TIMEOUT', /nothing has moved/],
    ['a byte now and then', BLOB, drip, 'TIMEOUT', /nothing has moved/],
    ['a flipped bit', BLOB, but(({ body }) => ({ body: flip(body) })), 'DIGEST_INVALID', /want [0-9a-f]{12}, got/],
    ['other bytes', BLOB, but(({ body }) => ({ body: randomBytes(body.length) })), 'DIGEST_INVALID', /want .*, got/],
    [
      'no bytes',
      BLOB,
      but(({ headers }) => ({ headers: withoutLength(headers), body: Buffer.alloc(0) })),
      'SIZE_INVALID',
      /want \d+ bytes, got 0/,
    ],
    [
      'a length too short',
      BLOB,
      but(({ body, headers }) => ({ headers: { ...headers, 'content-length': 100 }, body: body.subarray(0, 100) })),
      'SIZE_INVALID',
      /got 100|got/,
    ],
    ['a body without end', BLOB, endless, 'SIZE_INVALID', /more than/],
    ['a manifest without end', MANIFEST, endless, 'TOO_LARGE', /at most 4194304/],
    [
      'a flipped manifest',
      MANIFEST,
      but(({ body }) => ({
        body: Buffer.from(body.toString().replace('"schemaVersion":2', '"schemaVersion": 2')),
        headers: { 'docker-content-digest': image.descriptor.digest },
      })),
      'DIGEST_INVALID',
      /the manifest is not what its digest says/,
    ],
    [
      'a wrong digest header',
      MANIFEST,
      but(({ headers }) => ({ headers: { ...headers, 'docker-content-digest': layer } })),
      'DIGEST_INVALID',
      /want/,
    ],
    [
      'a digest header that is none',
      MANIFEST,
      but(({ headers }) => ({ headers: { ...headers, 'docker-content-digest': 'sha256:../../x' } })),
      'DIGEST_INVALID',
      /Docker-Content-Digest/,
    ],
    ['no JSON', MANIFEST, json('{"schemaVersion":'), 'MANIFEST_INVALID', /v0/],
    ['schema 1', MANIFEST, json('{"schemaVersion":1}'), 'UNSUPPORTED', /schema 1/],
    ['headers without end', BLOB, raw(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(1 << 20)}\r\n\r\n`), 'PROTOCOL', /[Hh]eader/],
    ['no HTTP at all', BLOB, raw('SSH-2.0-OpenSSH_9.2\r\n'), 'PROTOCOL', /not an HTTP answer/],
    [
      'two lengths',
      BLOB,
      raw('HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 7\r\n\r\nhello'),
      'PROTOCOL',
      /not an HTTP answer/,
    ],
    [
      'length and chunks',
      BLOB,
      raw('HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'),
      'PROTOCOL',
      /not an HTTP answer/,
    ],
    ['a redirect to a file', BLOB, status(302, { location: 'file:///etc/passwd' }), 'PROTOCOL', /want http or https/],
    ['a redirect to nowhere', BLOB, status(302, { location: 'http://' }), 'PROTOCOL', /redirected/],
    ['a redirect to the cloud', BLOB, status(302, { location: 'http://169.254.169.254/' }), 'PROTOCOL', /169\.254/],
    ['redirects in a circle', BLOB, status(302, { location: '/v2/a/b/blobs/sha256:x' }), 'PROTOCOL', /more than 10/],
    [
      'words for the terminal',
      /blobs/,
      status(400, {}, '{"errors":[{"code":"DENIED","message":"\\u001b[2Jgone\\nroot: ok"}]}'),
      'DENIED',
      /^[^\p{Cc}]*$/u,
    ],
  ])('%s', { timeout: 60_000 }, async (_name, on, fault, code, message) => {
    const registry = await registryWithImage()
    registry.break(on, fault, 1000)
    const to = target()
    const error = await pull(registry, to).then(
      () => undefined,
      failure => failure,
    )
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) })
    expect(error.message).not.toContain('<html')
    expect(existsSync(join(to, 'index.json'))).toBe(false)
    expect(existsSync(join(to, 'blobs/sha256', layer.slice(7)))).toBe(false)
    if (existsSync(to)) expect(readdirSync(to).filter(name => name.startsWith('.'))).toEqual([])
    registry.heal()
    await pull(registry, to)
    await expectWhole(to)
  })

  it('what is refused is asked for once', async () => {
    const registry = await registryWithImage()
    for (const code of [403, 404]) {
      registry.break(BLOB, status(code), 1000)
      await expect(pull(registry, target())).rejects.toThrow()
      expect(registry.seen.filter(({ url }) => url?.includes('/blobs/'))).toHaveLength(1)
    }
  })
})

async function drip({ response, healthy }: Parameters<Fault>[0]): Promise<void> {
  const { status: code, headers, body } = await healthy()
  response.writeHead(code, headers)
  for (let i = 0; i < body.length && !response.destroyed; i++) {
    response.write(body.subarray(i, i + 1))
    await sleep(50)
  }
}

describe('an index that points to itself', () => {
  it('ends', async () => {
    const server = createServer((request, response) => {
      const digest = `sha256:${'0'.repeat(64)}`
      const manifests = [{ mediaType: 'application/vnd.oci.image.index.v1+json', digest, size: 1 }]
      response.end(request.url === '/v2/' ? '{}' : JSON.stringify({ schemaVersion: 2, manifests }))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const from = `docker://127.0.0.1:${(server.address() as AddressInfo).port}/a:v0`
    await expect(copy(from, `oci:${target()}:v0`, { insecure: true })).rejects.toMatchObject({ code: 'DIGEST_INVALID' })
    server.close()
  })
})
