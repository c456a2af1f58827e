import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bytesOf, collect } from '../bytes/collect.ts'
import type { Image } from '../image/image.ts'
import { memoryBlobs, putBytes } from '../image/memory.ts'
import type { Descriptor } from '../spec/descriptor.ts'
import { digestOf } from '../spec/digest.ts'
import { parseIndex, writeIndex, writeManifest } from '../spec/manifest.ts'
import { DOCKER_LIST, OCI_INDEX, OCI_LAYER_GZIP, OCI_LAYER_ZSTD, OCI_MANIFEST } from '../spec/mediaTypes.ts'
import { copy } from './copy.ts'
import { inspectAll } from './inspect.ts'
import { parseTransport } from './parse.ts'
import { type RunningRegistry, startRegistry } from './registry/server/server.ts'
import { testFolder, testImage } from './testImages.ts'
import type { Transport } from './transport.ts'

const folder = testFolder()
let registry: RunningRegistry
beforeAll(async () => {
  registry = await startRegistry()
})
afterAll(() => registry.close())
const how = { insecure: true, all: true }

/** An index of two images, one of them inside an index again, and an attestation. */
async function testIndex(flavour: 'oci' | 'docker'): Promise<{ source: Transport; descriptor: Descriptor }> {
  const blobs = memoryBlobs()
  const put = async (image: Image, architecture: string): Promise<Descriptor> => {
    for (const layer of image.layers) await blobs.put(layer.compressed(), layer.descriptor)
    await blobs.put(bytesOf(image.raw('config')), image.manifest.config)
    const { mediaType } = image.descriptor
    const { digest, size } = await putBytes(blobs, mediaType, image.raw('manifest'))
    return { mediaType, digest, size, platform: { os: 'linux', architecture } }
  }
  const manifests = [
    await put(await testImage(['lower', 'amd64'], flavour), 'amd64'),
    await put(await testImage(['lower', 'arm64'], flavour), 'arm64'),
  ]
  if (flavour === 'oci') {
    const config = await putBytes(blobs, 'application/vnd.in-toto.config+json', Buffer.from('{}'))
    const layer = await putBytes(blobs, 'application/vnd.in-toto+json', Buffer.from('{"about":"it"}'))
    const raw = writeManifest({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [layer] })
    const attestation = await putBytes(blobs, OCI_MANIFEST, raw)
    const inner = writeIndex({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [manifests.pop()!] })
    manifests.push({ ...attestation, platform: { os: 'unknown', architecture: 'unknown' } })
    manifests.push({ ...(await putBytes(blobs, OCI_INDEX, inner)), platform: { os: 'linux', architecture: 'arm64' } })
  }
  const mediaType = flavour === 'oci' ? OCI_INDEX : DOCKER_LIST
  const descriptor = await putBytes(blobs, mediaType, writeIndex({ schemaVersion: 2, mediaType, manifests }))
  const source: Transport = {
    name: 'memory',
    source: async () => ({
      open: async () => ({ descriptor, blobs }),
      resolve: () => Promise.reject(new Error('not asked')),
      close: async () => {},
    }),
    sink: () => Promise.reject(new Error('not asked')),
  }
  return { source, descriptor }
}

async function rawIndex(name: string) {
  const source = await parseTransport(name).source({ insecure: true })
  const { descriptor, blobs } = await source.open!()
  const raw = await collect(blobs.get(descriptor))
  await source.close()
  return { descriptor, index: parseIndex(raw, name) }
}

describe('all images of an index', () => {
  it.each(['docker', 'oci', 'oci-archive'])('go to %s: and back, byte for byte', async kind => {
    const { source, descriptor } = await testIndex('oci')
    const place = kind === 'docker' ? `docker://${registry.host}/all:v0` : `${kind}:${join(folder, kind)}:v0`
    const { manifest, copied } = await copy(source, place, how)
    expect(manifest.digest).toBe(descriptor.digest)
    expect(copied).toBe(7)
    const back = await copy(place, `oci:${join(folder, `back-${kind}`)}:v0`, how)
    expect(back.manifest.digest).toBe(descriptor.digest)
    expect((await copy(source, place, how)).copied).toBe(kind === 'oci-archive' ? 7 : 0)
  })

  it('of a Docker list become an index where only that can be', async () => {
    const { source, descriptor } = await testIndex('docker')
    const kept = await copy(source, `docker://${registry.host}/list:v0`, how)
    expect(kept.manifest.digest).toBe(descriptor.digest)
    await copy(`docker://${registry.host}/list:v0`, `oci:${join(folder, 'list')}:v0`, how)
    const { descriptor: there, index } = await rawIndex(`oci:${join(folder, 'list')}:v0`)
    expect(there.mediaType).toBe(OCI_INDEX)
    expect(index.manifests.map(it => [it.mediaType, it.platform?.architecture])).toEqual([
      [OCI_MANIFEST, 'amd64'],
      [OCI_MANIFEST, 'arm64'],
    ])
  })

  it('are packed anew, and keep their places', async () => {
    const { source } = await testIndex('docker')
    const place = `oci:${join(folder, 'zstd')}:v0`
    await copy(source, place, { ...how, recompress: { format: 'zstd', level: 5 } })
    const found = await inspectAll(place)
    expect(found.map(it => it.LayersData.map(layer => layer.MIMEType))).toEqual(
      Array(2).fill(Array(2).fill(OCI_LAYER_ZSTD)),
    )
    await copy(place, `oci:${join(folder, 'gzip')}:v0`, { ...how, recompress: { format: 'gzip' } })
    const again = await inspectAll(`oci:${join(folder, 'gzip')}:v0`)
    expect(again.map(it => it.LayersData.map(layer => layer.MIMEType))).toEqual(
      Array(2).fill(Array(2).fill(OCI_LAYER_GZIP)),
    )
    expect(again.map(it => it.LayersData.map(layer => layer.DiffID))).toEqual(
      found.map(it => it.LayersData.map(layer => layer.DiffID)),
    )
    // The layer that both have is packed twice to the same bytes, and there once.
    expect(again[0]!.Layers[0]).toBe(again[1]!.Layers[0])
  })

  it('do not go where only one can be', async () => {
    const { source } = await testIndex('oci')
    await expect(copy(source, `docker-archive:${join(folder, 'x.tar')}:a:v0`, how)).rejects.toMatchObject({
      code: 'UNSUPPORTED',
    })
  })
})

describe('an index that is broken', () => {
  it.each([
    ['lacks an image', { schemaVersion: 2, manifests: [{ mediaType: OCI_MANIFEST, digest: digestOf('x'), size: 1 }] }],
    ['is a manifest, too', { schemaVersion: 2, manifests: [], layers: [] }],
  ])('%s', async (_name, json) => {
    const blobs = memoryBlobs()
    const descriptor = await putBytes(blobs, OCI_INDEX, Buffer.from(JSON.stringify(json)))
    const source = { open: async () => ({ descriptor, blobs }), resolve: () => Promise.reject(), close: async () => {} }
    const from: Transport = { name: 'memory', source: async () => source, sink: () => Promise.reject() }
    await expect(copy(from, `oci:${join(folder, 'broken')}:v0`, how)).rejects.toMatchObject({
      code: expect.any(String),
    })
  })
})
