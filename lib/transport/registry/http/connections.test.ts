import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testFolder } from '../../testImages.ts'
import { RegistryClient } from '../client.ts'
import { type RunningRegistry, startRegistry } from '../server/server.ts'
import { startProxy, type TestProxy, testCertificate } from './testProxy.ts'

const folder = testFolder()
let registry: RunningRegistry
let trusting: string
const open: (() => unknown)[] = []
afterAll(async () => {
  for (const close of open) await close()
})
beforeAll(async () => {
  const tls = testCertificate(folder)
  trusting = tls.trusting
  registry = await startRegistry({ tls })
  open.push(() => registry.close())
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
    await expect(checkIn(host, { environment: { https_proxy: (await proxy()).url } })).rejects.toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
      message: expect.stringMatching(/self.signed/i),
    })
  })
  it('is trusted where its authority is given', () => checkIn(registry.host, { certificateFolder: trusting }))
  it('is taken as it is when nobody cares', () => checkIn(registry.host, { insecure: true }))
})

async function proxy(): Promise<TestProxy> {
  const made = await startProxy()
  open.push(() => made.close())
  return made
}

describe('a proxy', () => {
  it('is asked for a tunnel to https', async () => {
    const host = registry.host.replace('127.0.0.1', 'registry.test')
    const { url, seen } = await proxy()
    await checkIn(host, { certificateFolder: trusting, environment: { HTTPS_PROXY: url } })
    expect(new Set(seen)).toEqual(new Set([`CONNECT ${host}`]))
  })

  it('is asked for http itself', async () => {
    const plain = await startRegistry()
    open.push(() => plain.close())
    const host = plain.host.replace('127.0.0.1', 'registry.test')
    const { url, seen } = await proxy()
    await checkIn(host, { insecure: true, environment: { http_proxy: url } })
    expect(new Set(seen)).toEqual(new Set([`GET http://${host}/v2/`]))
  })

  it('is not asked for what NO_PROXY names', async () => {
    const { url, seen } = await proxy()
    const environment = { HTTPS_PROXY: url, NO_PROXY: '127.0.0.1' }
    await checkIn(registry.host, { certificateFolder: trusting, environment })
    expect(seen).toEqual([])
  })
})
