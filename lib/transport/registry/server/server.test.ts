import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LabEvent } from '../../../events.ts'
import { digestOf } from '../../../spec/digest.ts'
import { parseChallenges } from '../wire/challenge.ts'
import { createRegistry } from './registry.ts'
import { startRegistry } from './server.ts'

const folder = mkdtempSync(join(tmpdir(), 'ocilab-server-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('a registry', () => {
  it('listens on the loopback address, and nowhere else', async () => {
    const registry = await startRegistry()
    expect(registry.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    const port = Number(new URL(registry.url).port)
    await expect(startRegistry({ port })).rejects.toMatchObject({ code: 'ADDRESS_IN_USE' })
    await registry.close()
    await expect(fetch(registry.url)).rejects.toThrow()
  })

  it('listens where it is told to', async () => {
    const registry = await startRegistry({ address: '::1' })
    expect(registry.url).toMatch(/^http:\/\/\[::1\]:\d+$/)
    expect((await fetch(`${registry.url}/v2/`)).status).toBe(200)
    await registry.close()
  })

  it('finishes what it has begun before it stops', async () => {
    const registry = await startRegistry()
    let push = (_chunk: Uint8Array | undefined) => {}
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        push = chunk => (chunk ? controller.enqueue(chunk) : controller.close())
      },
    })
    const digest = digestOf('slowly')
    const upload = fetch(`${registry.url}/v2/a/blobs/uploads/?digest=${digest}`, {
      method: 'POST',
      body,
      duplex: 'half',
    } as RequestInit)
    push(Buffer.from('slow'))
    const seen = await fetch(`${registry.url}/v2/`)
    expect(seen.status).toBe(200)
    const closed = registry.close()
    await expect
      .poll(() =>
        fetch(registry.url).then(
          () => 'open',
          () => 'closed',
        ),
      )
      .toBe('closed')
    push(Buffer.from('ly'))
    push(undefined)
    expect((await upload).status).toBe(201)
    await closed
  })

  it('stops at last, whatever its clients do', async () => {
    const registry = await startRegistry({ patience: 50 })
    const body = new ReadableStream({ start: controller => controller.enqueue(Buffer.from('never')) })
    const upload = fetch(`${registry.url}/v2/a/blobs/uploads/?digest=${digestOf('x')}`, {
      method: 'POST',
      body,
      duplex: 'half',
    } as RequestInit)
    upload.catch(() => undefined)
    await fetch(`${registry.url}/v2/`)
    await registry.close()
    await expect(upload).rejects.toThrow()
  })

  it('tells who asked for what', async () => {
    const events: LabEvent[] = []
    const registry = await startRegistry({ users: { me: 'x' }, scheme: 'basic', onEvent: event => events.push(event) })
    const authorization = `Basic ${Buffer.from('me:x').toString('base64')}`
    await (await fetch(`${registry.url}/v2/`, { headers: { authorization } })).text()
    await (await fetch(`${registry.url}/v2/a/tags/list`)).text()
    await registry.close()
    expect(events).toMatchObject([
      { type: 'http', method: 'GET', url: '/v2/', status: 200, visit: { user: 'me', bytes: 2, from: '127.0.0.1' } },
      { type: 'http', method: 'GET', url: '/v2/a/tags/list', status: 401, visit: { user: '' } },
    ])
  })

  it('is a handler for any HTTP server of node', async () => {
    const registry = createRegistry()
    const server = createServer(registry.handler)
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    expect((await fetch(`${url}/v2/`)).status).toBe(200)
    await registry.settled()
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
    await registry.close()
  })
})

describe('with a certificate', () => {
  const [certificate, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const openssl = spawnSync('openssl', ['version']).status === 0
  beforeAll(() => {
    if (!openssl) return
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1']
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-days',
        '2',
        ...subject,
        '-keyout',
        key,
        '-out',
        certificate,
      ],
      { stdio: 'ignore' },
    )
  })

  it.runIf(openssl)('it speaks https, and sends for tokens there', async () => {
    const registry = await startRegistry({ tls: { certificate, key }, users: { me: 'x' } })
    const challenge = await new Promise<string>((resolve, reject) => {
      request(`${registry.url}/v2/`, { rejectUnauthorized: false, agent: false }, answer => {
        answer.resume()
        resolve(answer.headers['www-authenticate'] ?? '')
      })
        .on('error', reject)
        .end()
    })
    expect(registry.url).toMatch(/^https:/)
    expect(parseChallenges(challenge)[0]!.parameters.realm).toBe(`${registry.url}/token`)
    await registry.close()
  })

  it('that is none, it does not start', async () => {
    await expect(startRegistry({ tls: { certificate: '/nonesuch', key: '/nonesuch' } })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    })
  })
})
