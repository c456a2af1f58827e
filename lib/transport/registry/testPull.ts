import { randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect } from 'vitest'
import { imageFrom } from '../../image/build.ts'
import type { Image } from '../../image/image.ts'
import { copy } from '../copy.ts'
import { heldImage } from '../held.ts'
import { parseTransport } from '../parse.ts'
import { testFolder } from '../testImages.ts'
import { type Fault, type FaultyRegistry, sendWhole, startFaultyRegistry } from './testFaultyRegistry.ts'

/** Pulls of one image from registries that can be broken, for one test file. */
export async function testPulls() {
  const folder = testFolder()
  const tar = randomBytes(200 * 1024)
  const image = await imageFrom({ architecture: 'amd64', os: 'linux', config: {}, layers: [{ tar, history: {} }] })
  const open: FaultyRegistry[] = []
  afterAll(() => Promise.all(open.map(registry => registry.close())))
  let count = 0
  return {
    image,
    target: () => join(folder, `layout-${count++}`),
    async registryWithImage(): Promise<FaultyRegistry> {
      const registry = await startFaultyRegistry()
      open.push(registry)
      await copy(heldImage(image, 'memory'), `docker://${registry.host}/a/b:v0`, { insecure: true })
      return registry
    },
    pull: (registry: FaultyRegistry, to: string) =>
      copy(`docker://${registry.host}/a/b:v0`, `oci:${to}:v0`, { insecure: true, idle: 1_000 }),
    expectWhole: (to: string) => expectWhole(to, image),
  }
}

async function expectWhole(to: string, image: Image): Promise<void> {
  const source = await parseTransport(`oci:${to}:v0`).source()
  const { descriptor, layers } = await source.resolve()
  for (const it of layers) for await (const _chunk of it.uncompressed());
  expect(descriptor.digest).toBe(image.descriptor.digest)
  await source.close()
  expect(readdirSync(to).filter(name => name.startsWith('.'))).toEqual([])
}

export const BLOB = /^GET .*\/blobs\//
export const MANIFEST = /^GET .*\/manifests\/v0/

/** The healthy answer, with other headers or another body. */
export const but =
  (change: (answer: { headers: Record<string, unknown>; body: Buffer; status: number }) => object): Fault =>
  async ({ response, healthy }) => {
    const answer = await healthy()
    sendWhole(response, { ...answer, ...change(answer as never) } as never)
  }
export const status =
  (code: number, headers: Record<string, string> = {}, body = '<html><h1>Sorry</h1></html>'): Fault =>
  ({ response }) =>
    response.writeHead(code, { 'content-type': 'text/html', ...headers }).end(body)
/** Half of the body, and then whatever `then` does. */
export const half =
  (then: (response: Parameters<Fault>[0]['response']) => unknown, headers: Record<string, unknown> = {}): Fault =>
  async ({ response, healthy }) => {
    const answer = await healthy()
    for (const [name, value] of Object.entries({ ...answer.headers, ...headers }))
      if (value !== undefined) response.setHeader(name, value as string)
    response.writeHead(answer.status)
    response.write(answer.body.subarray(0, answer.body.length / 2), () => setTimeout(() => then(response), 20))
  }
export const raw =
  (text: string | Buffer): Fault =>
  ({ request }) =>
    request.socket.end(text)
export const chunked = { 'content-length': undefined, 'transfer-encoding': 'chunked' }
export const withoutLength = (headers: object) => ({ ...headers, 'content-length': undefined })
