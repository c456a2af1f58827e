import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { type Digest, digestOf } from '../../../../spec/digest.ts'
import { OCI_CONFIG, OCI_MANIFEST } from '../../../../spec/mediaTypes.ts'
import { copy } from '../../../copy.ts'
import { heldImage } from '../../../held.ts'
import { testImage } from '../../../testImages.ts'
import type { ByteRange } from '../../wire/range.ts'
import { manifestOf, media, testRegistry } from '../testRegistry.ts'
import { FolderMedium } from './folderMedium.ts'
import { memoryMedium } from './memoryMedium.ts'
import { Storage } from './storage.ts'

describe.each(media)('many at once, in %s', medium => {
  const { call, pushImage, root } = testRegistry(medium)

  it('two push one tag over and over: who reads it sees the one or the other', async () => {
    const [left, right] = [await pushImage('race', 'tag', 'left'), await pushImage('race', 'tag', 'right')]
    let pushing = true
    const writers = Promise.all(
      ['left', 'right'].map(async text => {
        for (let i = 0; i < 25; i++) await pushImage('race', 'tag', text)
      }),
    ).finally(() => {
      pushing = false
    })
    const seen = new Set<string>()
    while (pushing) {
      const answer = await call('GET', '/v2/race/manifests/tag')
      expect(answer.status).toBe(200)
      const digest = digestOf(await answer.text())
      expect(digest).toBe(answer.headers.get('docker-content-digest'))
      seen.add(digest)
    }
    await writers
    expect([left, right]).toEqual(expect.arrayContaining([...seen]))
  })

  it('fifty push as many tags of one repository, and none is lost', async () => {
    const names = Array.from({ length: 50 }, (_, i) => `t${String(i).padStart(2, '0')}`)
    await Promise.all(names.map(tag => pushImage('fifty', tag)))
    expect(((await (await call('GET', '/v2/fifty/tags/list')).json()) as { tags: string[] }).tags).toEqual(names)
  })

  it('a crowd that asks for a manifest nobody has read yet has it read once', async () => {
    const digest = await pushImage('crowd', 'v0')
    const kept = medium === 'memory' ? memoryMedium() : new FolderMedium(root)
    const raw = Buffer.from(await (await call('GET', '/v2/crowd/manifests/v0')).arrayBuffer())
    const shelf = kept.shelf('crowd')
    if (medium === 'memory') {
      await shelf.put(digest, raw)
      const descriptor = { mediaType: OCI_MANIFEST, digest, size: raw.length }
      await shelf.writeIndex({ schemaVersion: 2, manifests: [descriptor] })
    }
    const read = vi.fn()
    const counting = Object.assign(Object.create(shelf), {
      blob(of: Digest) {
        const blob = shelf.blob(of)
        const bytes = (range?: ByteRange) => {
          read()
          return blob!.bytes(range)
        }
        return blob && { ...blob, bytes }
      },
    })
    const storage = new Storage(Object.assign(Object.create(kept), { shelf: () => counting }))
    const found = await Promise.all(Array.from({ length: 200 }, () => storage.manifest('crowd', digest)))
    expect(new Set(found.map(it => Buffer.from(it!.raw).toString()))).toEqual(new Set([raw.toString()]))
    expect(read).toHaveBeenCalledOnce()
  })

  it('a manifest is refused when its blob was deleted while it waited for its turn', async () => {
    const kept = medium === 'memory' ? memoryMedium() : new FolderMedium(root)
    const storage = new Storage(kept)
    const upload = await storage.beginUpload('gone')
    const digest = digestOf('')
    await storage.finishUpload(upload, digest)
    const raw = Buffer.from(manifestOf({ config: { mediaType: OCI_CONFIG, digest, size: 0 } }))
    const shelf = kept.shelf('gone')
    let put: Promise<unknown> = Promise.resolve()
    await shelf.locked(async () => {
      put = storage.putManifest('gone', raw, OCI_MANIFEST, { tags: ['v0'] })
      put.catch(() => undefined)
      await setImmediate()
      shelf.remove(digest)
    })
    await expect(put).rejects.toMatchObject({ code: 'MANIFEST_BLOB_UNKNOWN' })
    expect(await storage.tags('gone')).toBeUndefined()
    await storage.close()
  })

  it.runIf(medium === 'folder')('others may write into the layout, too', async () => {
    await pushImage('shared', 'ours')
    const image = await testImage()
    await Promise.all([
      copy(heldImage(image, 'mem'), `oci:${join(root, 'shared')}:theirs`),
      ...Array.from({ length: 10 }, (_, i) => pushImage('shared', `ours${i}`)),
    ])
    const { tags } = (await (await call('GET', '/v2/shared/tags/list')).json()) as { tags: string[] }
    expect(tags).toHaveLength(12)
    const answer = await call('GET', '/v2/shared/manifests/theirs')
    expect([answer.status, digestOf(await answer.text())]).toEqual([200, image.descriptor.digest])
  })
})

describe('a layout that others made', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ocilab-layouts-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const { call } = testRegistry('folder', { root: folder })

  it('is a repository as it is', async () => {
    const image = await testImage()
    await copy(heldImage(image, 'mem'), `oci:${join(folder, 'from/elsewhere')}:v0`)
    expect(await (await call('GET', '/v2/_catalog')).json()).toEqual({ repositories: ['from/elsewhere'] })
    const manifest = await call('GET', '/v2/from/elsewhere/manifests/v0')
    expect(digestOf(await manifest.text())).toBe(image.descriptor.digest)
    const layer = image.layers[0]!.descriptor
    const mounted = await call('POST', `/v2/other/blobs/uploads/?mount=${layer.digest}&from=from/elsewhere`)
    expect(mounted.status).toBe(201)
    expect(digestOf(new Uint8Array(await (await call('GET', `/v2/other/blobs/${layer.digest}`)).arrayBuffer()))).toBe(
      layer.digest,
    )
  })

  it('that is broken is an error of the server, not of the client, and of this repository alone', async () => {
    const index = join(folder, 'from/elsewhere/index.json')
    const good = readFileSync(index)
    writeFileSync(index, 'x')
    expect((await call('GET', '/v2/from/elsewhere/manifests/v0')).status).toBe(500)
    writeFileSync(index, good)
    expect((await call('GET', '/v2/from/elsewhere/manifests/v0')).status).toBe(200)
    expect(readdirSync(folder)).not.toContain('x')
  })
})
