import { createHash, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { collect } from '../../bytes/collect.ts'
import { parseDigest } from '../../spec/digest.ts'
import { RegistryClient } from './client.ts'

const content = randomBytes(300_000)
const blob = {
  digest: parseDigest(`sha256:${createHash('sha256').update(content).digest('hex')}`),
  size: content.length,
}

type Handler = (request: IncomingMessage, response: ServerResponse, attempt: number) => void
const open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0)) await close()
})

/** A registry that answers blobs as a test says, and counts how often it was asked. */
async function faulty(handler: Handler): Promise<{ client: RegistryClient; seen: IncomingMessage[] }> {
  const seen: IncomingMessage[] = []
  const server = createServer((request, response) => {
    if (request.url === '/v2/') return void response.end('{}')
    seen.push(request)
    handler(request, response, seen.length)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const client = new RegistryClient(`127.0.0.1:${(server.address() as AddressInfo).port}`, 'a/b', { insecure: true })
  open.push(
    () => client.close(),
    () => {
      server.closeAllConnections()
      return new Promise(resolve => server.close(resolve))
    },
  )
  return { client, seen }
}

const pull = async (client: RegistryClient) => Buffer.from(await collect(client.blob(blob)))

describe('a download that breaks', () => {
  it('goes on where it broke', async () => {
    const { client, seen } = await faulty((request, response, attempt) => {
      const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0)
      const status = request.headers.range ? 206 : 200
      response.writeHead(status, {
        'content-length': content.length - start,
        'content-range': `bytes ${start}-${content.length - 1}/${content.length}`,
      })
      if (attempt === 3) return void response.end(content.subarray(start))
      response.write(content.subarray(start, start + 100_000), () => setTimeout(() => response.destroy(), 20))
    })
    expect((await pull(client)).equals(content)).toBe(true)
    expect(seen.map(request => request.headers.range !== undefined)).toEqual([false, true, true])
  })

  it('skips what it has when the server begins anew', async () => {
    const { client } = await faulty((_request, response, attempt) => {
      response.writeHead(200, { 'content-length': content.length })
      if (attempt === 1) response.write(content.subarray(0, 5000), () => setTimeout(() => response.destroy(), 20))
      else response.end(content)
    })
    expect((await pull(client)).equals(content)).toBe(true)
  })

  it('gives up in the end', async () => {
    const { client } = await faulty((_request, response) => {
      response.writeHead(200)
      response.write('x', () => response.destroy())
    })
    await expect(pull(client)).rejects.toThrow()
  })
})

describe('a body that is not the blob', () => {
  it.each<[string, () => Uint8Array, string]>([
    [
      'a flipped byte',
      () => Buffer.concat([content.subarray(0, -1), Buffer.from([content.at(-1)! ^ 1])]),
      'DIGEST_INVALID',
    ],
    ['too much', () => Buffer.concat([content, content]), 'SIZE_INVALID'],
    ['too little', () => content.subarray(0, 10), 'SIZE_INVALID'],
  ])('%s', async (_name, body, code) => {
    const { client } = await faulty((_request, response) => void response.end(body()))
    await expect(pull(client)).rejects.toMatchObject({ code })
  })

  it('a body without end is left', async () => {
    const { client } = await faulty((_request, response) => {
      const more = () => {
        if (!response.destroyed) response.write(content, () => setImmediate(more))
      }
      more()
    })
    await expect(pull(client)).rejects.toMatchObject({ code: 'SIZE_INVALID' })
  })

  it('a manifest that is not what its digest header says', async () => {
    const { client } = await faulty(
      (_request, response) =>
        void response
          .writeHead(200, { 'docker-content-digest': blob.digest })
          .end('{"schemaVersion":2,"manifests":[]}'),
    )
    await expect(client.manifest('v0')).rejects.toMatchObject({ code: 'DIGEST_INVALID' })
  })
})

describe('a registry that is busy or broken', () => {
  it.each([
    [429, { 'retry-after': '0' }],
    [503, {}],
    [500, {}],
  ])('%i is tried again', async (status, headers) => {
    const { client, seen } = await faulty((_request, response, attempt) =>
      attempt === 1 ? void response.writeHead(status, headers).end('<html>') : void response.end(content),
    )
    expect((await pull(client)).equals(content)).toBe(true)
    expect(seen).toHaveLength(2)
  })

  it('404 is not, and says what is missing', async () => {
    const { client, seen } = await faulty((_request, response) => void response.writeHead(404).end())
    await expect(pull(client)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN', data: { status: 404 } })
    expect(seen).toHaveLength(1)
  })

  it('a redirect to a file is refused', async () => {
    const { client } = await faulty(
      (_request, response) => void response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
    )
    await expect(pull(client)).rejects.toMatchObject({ code: 'PROTOCOL' })
  })

  it('redirects without end are left', async () => {
    const { client, seen } = await faulty(
      (request, response) => void response.writeHead(302, { location: request.url }).end(),
    )
    await expect(pull(client)).rejects.toMatchObject({ code: 'PROTOCOL' })
    expect(seen).toHaveLength(11)
  })

  it('nobody there', async () => {
    const client = new RegistryClient('127.0.0.1:1', 'a', { insecure: true })
    await expect(client.manifest('v0')).rejects.toMatchObject({ code: 'REGISTRY_UNREACHABLE' })
    await client.close()
  })
})

describe('a token', () => {
  it('is never asked for at a file, or with the password on an open line', async () => {
    for (const realm of ['file:///etc/passwd', 'http://elsewhere.example/token', 'nonsense']) {
      const server = createServer(
        (_request, response) => void response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}"` }).end(),
      )
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
      const client = new RegistryClient(`127.0.0.1:${(server.address() as AddressInfo).port}`, 'a', {
        insecure: true,
        credentials: { username: 'u', password: 'p' },
      })
      await expect(client.manifest('v0')).rejects.toMatchObject({ code: 'UNAUTHORIZED' })
      await client.close()
      await new Promise(resolve => server.close(resolve))
    }
  })

  it('stays with the host it is for', async () => {
    const seen: (string | undefined)[] = []
    const other = createServer((request, response) => {
      seen.push(request.headers.authorization)
      response.end(content)
    })
    await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve))
    open.push(() => new Promise(resolve => other.close(resolve)))
    const { client } = await faulty((request, response) => {
      if (!request.headers.authorization)
        return void response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()
      response.writeHead(307, { location: `http://127.0.0.1:${(other.address() as AddressInfo).port}/x` }).end()
    })
    const basic = new RegistryClient(client.host, 'a/b', {
      insecure: true,
      credentials: { username: 'u', password: 'p' },
    })
    expect(Buffer.from(await collect(basic.blob(blob))).equals(content)).toBe(true)
    await basic.close()
    expect(seen).toEqual([undefined])
  })
})
