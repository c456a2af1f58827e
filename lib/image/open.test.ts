import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { bytesOf, collect } from '../bytes/collect.ts'
import type { Descriptor } from '../spec/descriptor.ts'
import { digestOf } from '../spec/digest.ts'
import {
  DOCKER_MANIFEST,
  DOCKER_SCHEMA1,
  OCI_CONFIG,
  OCI_INDEX,
  OCI_LAYER,
  OCI_LAYER_GZIP,
  OCI_MANIFEST,
} from '../spec/mediaTypes.ts'
import type { BlobSource } from './image.ts'
import { memoryBlobs, putBytes } from './memory.ts'
import { openImage } from './open.ts'

const TAR = Buffer.alloc(1024)
const utf8 = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))

interface Parts {
  layers: { mediaType: string; bytes: Uint8Array }[]
  diffIds: string[]
  config: Record<string, unknown>
  configType: string
  manifest: Record<string, unknown>
}

/** A small image, any part of which can be made wrong. */
async function image(wrong: Partial<Parts> = {}) {
  const blobs = memoryBlobs()
  const layers = wrong.layers ?? [{ mediaType: OCI_LAYER_GZIP, bytes: gzipSync(TAR) }]
  const diff_ids = wrong.diffIds ?? layers.map(() => digestOf(TAR))
  const config = { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids }, ...wrong.config }
  const manifest = {
    schemaVersion: 2,
    config: await putBytes(blobs, wrong.configType ?? OCI_CONFIG, utf8(config)),
    layers: await Promise.all(layers.map(({ mediaType, bytes }) => putBytes(blobs, mediaType, bytes))),
    ...wrong.manifest,
  }
  return { blobs, descriptor: await putBytes(blobs, OCI_MANIFEST, utf8(manifest)) }
}

const opened = async (wrong: Partial<Parts> = {}) => {
  const { blobs, descriptor } = await image(wrong)
  return openImage(blobs, descriptor)
}

describe('openImage', () => {
  it('opens an image and its layers', async () => {
    const { blobs, descriptor } = await image()
    const { layers, manifest, config, raw } = await openImage(blobs, descriptor)
    expect(config.architecture).toBe('amd64')
    expect(digestOf(raw('manifest'))).toBe(descriptor.digest)
    expect(digestOf(raw('config'))).toBe(manifest.config.digest)
    expect(digestOf(await collect(layers[0]!.compressed()))).toBe(manifest.layers[0]!.digest)
    expect(digestOf(await collect(layers[0]!.uncompressed()))).toBe(layers[0]!.diffId)
  })

  it.each([
    ['zstd under a type that says gzip', OCI_LAYER_GZIP, zstdCompressSync(TAR)],
    ['gzip under a type that says tar', OCI_LAYER, gzipSync(TAR)],
    ['a tar', OCI_LAYER, TAR],
  ])('believes bytes more than media types: %s', async (_what, mediaType, bytes) => {
    const { layers } = await opened({ layers: [{ mediaType, bytes }] })
    expect(await collect(layers[0]!.uncompressed())).toHaveLength(TAR.length)
  })

  it('follows indexes by platform', async () => {
    const { blobs, descriptor } = await image()
    const arm = { architecture: 'arm64', os: 'linux' }
    const manifests = [
      { ...descriptor, digest: digestOf('not here'), platform: { architecture: 's390x', os: 'linux' } },
      { ...descriptor, platform: arm },
    ]
    const inner = await putBytes(blobs, OCI_INDEX, utf8({ schemaVersion: 2, manifests }))
    const outer = await putBytes(blobs, OCI_INDEX, utf8({ schemaVersion: 2, manifests: [inner] }))
    const { descriptor: found } = await openImage(blobs, outer, { platform: arm })
    expect(found).toMatchObject({ digest: descriptor.digest, mediaType: OCI_MANIFEST })
    await expect(openImage(blobs, outer, { platform: { architecture: 'riscv64', os: 'linux' } })).rejects.toMatchObject(
      { code: 'PLATFORM_UNKNOWN', message: expect.stringContaining('linux/arm64') },
    )
  })

  it('finds out what nobody said', async () => {
    const { blobs, descriptor } = await image()
    const { descriptor: found } = await openImage(blobs, { ...descriptor, mediaType: 'text/plain' })
    expect(found.mediaType).toBe(OCI_MANIFEST)
  })
})

describe('openImage refuses', () => {
  const layer = { mediaType: OCI_LAYER, bytes: TAR }
  const config: Descriptor = { mediaType: OCI_CONFIG, digest: digestOf('{}'), size: 2 }
  it.each<[string, string, Partial<Parts>]>([
    ['MANIFEST_INVALID', 'more layers than diff_ids', { layers: [layer, layer], diffIds: [digestOf(TAR)] }],
    ['MANIFEST_INVALID', 'fewer layers than diff_ids', { layers: [], diffIds: [digestOf(TAR)] }],
    ['MANIFEST_INVALID', 'both manifest and index', { manifest: { manifests: [] } }],
    ['MANIFEST_INVALID', 'another type than it was called', { manifest: { mediaType: DOCKER_MANIFEST } }],
    ['MANIFEST_INVALID', 'an index that was called a manifest', { manifest: { mediaType: OCI_INDEX } }],
    ['MANIFEST_INVALID', 'a config without rootfs', { config: { rootfs: null } }],
    ['DIGEST_INVALID', 'a diff_id that is a path', { diffIds: ['../../etc/passwd'] }],
    ['MEDIA_TYPE_UNKNOWN', 'what is no config', { configType: 'application/vnd.example.config' }],
    ['MEDIA_TYPE_UNKNOWN', 'what is no layer', { layers: [{ ...layer, mediaType: 'image/png' }] }],
    ['BLOB_UNKNOWN', 'a config that is not there', { manifest: { config } }],
  ])('%s: %s', async (code, _what, wrong) => {
    await expect(opened(wrong)).rejects.toMatchObject({ code })
  })

  it('schema 1, by name', async () => {
    const { blobs } = await image()
    const raw = utf8({ schemaVersion: 1, name: 'old', fsLayers: [] })
    for (const mediaType of [DOCKER_SCHEMA1, OCI_MANIFEST, ''])
      await expect(openImage(blobs, await putBytes(blobs, mediaType, raw))).rejects.toMatchObject({
        code: 'UNSUPPORTED',
        message: expect.stringContaining('schema 1'),
      })
  })

  it.each([
    ['MANIFEST_INVALID', 'not JSON'],
    ['MEDIA_TYPE_UNKNOWN', '{}'],
    ['MANIFEST_INVALID', 'null'],
    ['TOO_LARGE', `"${'x'.repeat(4 << 20)}"`],
  ])('%s', async (code, text) => {
    const blobs = memoryBlobs()
    await expect(openImage(blobs, await putBytes(blobs, OCI_MANIFEST, utf8(text)))).rejects.toMatchObject({ code })
  })

  it('an index that loops', async () => {
    // No honest store can hold one: this one gives the same index under every digest.
    const raw = utf8({
      schemaVersion: 2,
      manifests: [{ mediaType: OCI_INDEX, digest: digestOf('again'), size: 1 }],
    })
    const lying: BlobSource = { has: async () => true, get: () => bytesOf(raw) }
    const loop: Descriptor = { mediaType: OCI_INDEX, digest: digestOf('again'), size: 1 }
    await expect(openImage(lying, loop)).rejects.toMatchObject({ code: 'MANIFEST_INVALID' })
  })
})

describe('a layer', () => {
  const read = async (bytes: Uint8Array, diffId = digestOf(TAR)) => {
    const { layers } = await opened({ layers: [{ mediaType: OCI_LAYER_GZIP, bytes }], diffIds: [diffId] })
    return collect(layers[0]!.uncompressed())
  }

  it('that is another than the config promises', async () => {
    await expect(read(gzipSync(TAR), digestOf('other'))).rejects.toMatchObject({
      code: 'DIFF_ID_INVALID',
      data: { want: digestOf('other'), got: digestOf(TAR) },
    })
  })

  it('that is corrupt', async () => {
    await expect(read(gzipSync(TAR).subarray(0, -4))).rejects.toMatchObject({
      code: 'GZIP_INVALID',
      message: expect.stringMatching(/^layer [0-9a-f]{12}: /),
    })
  })

  it('whose blob was changed', async () => {
    const { blobs, descriptor } = await image({ layers: [{ mediaType: OCI_LAYER, bytes: TAR }] })
    const get: BlobSource['get'] = blob => (blob.mediaType === OCI_LAYER ? bytesOf('corrupt') : blobs.get(blob))
    const { layers } = await openImage({ has: blobs.has, get }, descriptor)
    // A store that does not verify is caught by the diff_id.
    await expect(collect(layers[0]!.uncompressed())).rejects.toMatchObject({ code: 'DIFF_ID_INVALID' })
  })
})
