import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testFolder } from '../../testImages.ts'
import { RegistryClient } from '../client.ts'
import { type RunningRegistry, startRegistry } from '../server/server.ts'

const folder = testFolder()
const at = (name: string) => join(folder, name)
let registry: RunningRegistry
const open: (() => unknown)[] = []
afterAll(async () => {
  for (const close of open) await close()
})
beforeAll(async () => {
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:registry.test']
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', at('key.pem')]
  execFileSync('openssl', ['req', '-x509', ...key, ...subject, '-out', at('cert.pem')], { stdio: 'ignore' })
  registry = await startRegistry({ tls: { certificate: at('cert.pem'), key: at('key.pem') } })
  open.push(() => registry.close())
  mkdirSync(at('certs'))
  copyFileSync(at('cert.pem'), at('certs/ca.crt'))
})

const checkIn = async (host: string, options: ConstructorParameters<typeof RegistryClient>[2]) => {
  const client = new RegistryClient(host, '', { environment: {}, ...options })
  try {
    await client.checkIn()
  } finally {
    client.close()
  }
}

describe('a certificate of our own', () => {
  it('is not trusted by itself', async () => {
    const host = registry.host.replace('127.0.0.1', 'registry.test')
    await expect(checkIn(host, { environment: { https_proxy: await proxy() } })).rejects.toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
      message: expect.stringMatching(/self.signed/i),
    })
  })
  it('is trusted where its authority is given', () => checkIn(registry.host, { certificateFolder: at('certs') }))
  it('is taken as it is when nobody cares', () => checkIn(registry.host, { insecure: true }))
})

const seen: string[] = []
/** A proxy that knows every name to be this machine. */
async function proxy(): Promise<string> {
  seen.length = 0
  const server = createServer((incoming, response) => {
    seen.push(`${incoming.method} ${incoming.url}`)
    const { port, pathname } = new URL(incoming.url!)
    incoming.pipe(
      request(
        { host: '127.0.0.1', port, path: pathname, method: incoming.method, headers: incoming.headers },
        answer => {
          response.writeHead(answer.statusCode!, answer.headers)
          answer.pipe(response)
        },
      ),
    )
  })
  server.on('connect', (incoming, socket) => {
    seen.push(`CONNECT ${incoming.url}`)
    const there = connect(Number(incoming.url!.split(':')[1]), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      there.pipe(socket).pipe(there)
    })
    for (const side of [there, socket]) side.on('error', () => socket.destroy())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  open.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('a proxy', () => {
  it('is asked for a tunnel to https', async () => {
    const host = registry.host.replace('127.0.0.1', 'registry.test')
    await checkIn(host, { certificateFolder: at('certs'), environment: { HTTPS_PROXY: await proxy() } })
    expect(new Set(seen)).toEqual(new Set([`CONNECT ${host}`]))
  })

  it('is asked for http itself', async () => {
    const plain = await startRegistry()
    open.push(() => plain.close())
    const host = plain.host.replace('127.0.0.1', 'registry.test')
    await checkIn(host, { insecure: true, environment: { http_proxy: await proxy() } })
    expect(new Set(seen)).toEqual(new Set([`GET http://${host}/v2/`]))
  })

  it('is not asked for what NO_PROXY names', async () => {
    const environment = { HTTPS_PROXY: await proxy(), NO_PROXY: '127.0.0.1' }
    await checkIn(registry.host, { certificateFolder: at('certs'), environment })
    expect(seen).toEqual([])
  })
})
