import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { imageFrom } from '../../../image/build.ts'
import type { Image } from '../../../image/image.ts'
import { copy } from '../../copy.ts'
import { heldImage } from '../../held.ts'
import { parseTransport } from '../../parse.ts'
import { testFolder } from '../../testImages.ts'
import { type RunningRegistry, startRegistry } from '../server/server.ts'
import { startProxy, type TestProxy, testCertificate } from './testProxy.ts'

// An image with a layer of many chunks, pushed and pulled on every way there is to a registry.

const folder = testFolder()
const tar = randomBytes(9_000_001)
let image: Image
let plain: RunningRegistry
let secure: RunningRegistry
let trusting: string
beforeAll(async () => {
  image = await imageFrom({ architecture: 'amd64', os: 'linux', config: {}, layers: [{ tar, history: {} }] })
  const tls = testCertificate(folder)
  trusting = tls.trusting
  plain = await startRegistry()
  secure = await startRegistry({ tls, root: join(folder, 'registry') })
})
afterAll(async () => {
  await plain.close()
  await secure.close()
})

beforeEach(() => {
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'])
    for (const spelling of [name, name.toLowerCase()]) vi.stubEnv(spelling, undefined)
})
afterEach(() => vi.unstubAllEnvs())

let count = 0
/** Pushes the image, pulls it again, and reads it whole. */
async function thereAndBack(host: string, options: { certificateFolder?: string; insecure?: boolean }) {
  const [there, back] = [`docker://${host}/a/b:${count++}`, `oci:${join(folder, `pulled-${count}`)}:v0`]
  await copy(heldImage(image, 'memory'), there, { destination: options })
  const { manifest } = await copy(there, back, { source: options })
  expect(manifest.digest).toBe(image.descriptor.digest)
  const source = await parseTransport(back).source()
  const [layer] = (await source.resolve()).layers
  const chunks: Uint8Array[] = []
  for await (const chunk of layer!.uncompressed()) chunks.push(chunk)
  expect(Buffer.concat(chunks).equals(tar)).toBe(true)
  await source.close()
}

const asNamed = ({ host }: RunningRegistry) => host.replace('127.0.0.1', 'registry.test')

it('plain', () => thereAndBack(plain.host, {}))
it('over TLS, with an authority of our own', () => thereAndBack(secure.host, { certificateFolder: trusting }))
it('over TLS, with a certificate nobody vouches for', () => thereAndBack(secure.host, { insecure: true }))

describe('through a proxy', () => {
  let proxy: TestProxy
  afterEach(() => proxy.close())

  it('plain', async () => {
    proxy = await startProxy()
    vi.stubEnv('http_proxy', proxy.url)
    await thereAndBack(asNamed(plain), { insecure: true })
    expect(proxy.seen.filter(line => line.startsWith('GET') && line.includes('/blobs/'))).not.toEqual([])
  })

  it('over TLS, in a tunnel', async () => {
    proxy = await startProxy()
    vi.stubEnv('HTTPS_PROXY', proxy.url)
    await thereAndBack(asNamed(secure), { certificateFolder: trusting })
    expect(new Set(proxy.seen)).toEqual(new Set([`CONNECT ${asNamed(secure)}`]))
  })

  it('over TLS, in a tunnel that breaks: the download goes on in another', async () => {
    proxy = await startProxy({ cutAfter: 5_000_000 })
    vi.stubEnv('HTTPS_PROXY', proxy.url)
    const whole = { certificateFolder: trusting }
    await thereAndBack(asNamed(secure), whole)
    const unbroken = proxy.seen.length
    await thereAndBack(asNamed(secure), whole)
    expect(proxy.seen.length - unbroken).toBe(unbroken - 1)
  })

  it('that does not say its registry’s authority, to whom nobody gave one, nothing is sent', async () => {
    proxy = await startProxy()
    vi.stubEnv('HTTPS_PROXY', proxy.url)
    await expect(thereAndBack(asNamed(secure), {})).rejects.toMatchObject({ code: 'REGISTRY_UNREACHABLE' })
  })
})
