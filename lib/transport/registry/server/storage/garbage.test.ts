import { existsSync, readdirSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { type Digest, digestOf } from '../../../../spec/digest.ts'
import { OCI_CONFIG, OCI_INDEX, OCI_MANIFEST } from '../../../../spec/mediaTypes.ts'
import { manifestOf, media, testRegistry } from '../testRegistry.ts'

describe.each(media)('garbage in %s', medium => {
  const test = testRegistry(medium)
  const { call, push, pushImage, root } = test
  const here = async (name: string, digest: Digest) => (await call('GET', `/v2/${name}/blobs/${digest}`)).status === 200
  /** All that has no manifest, however young. */
  const collect = (options = {}) => test.registry.collectGarbage({ grace: -1, ...options })

  it('is what no manifest needs', async () => {
    const config = digestOf('{}')
    const orphan = await push('one', 'nobody wants me')
    await pushImage('one', 'v0')
    expect(await collect()).toEqual({ manifests: 0, blobs: 1, freed: 15 })
    expect([await here('one', orphan), await here('one', config)]).toEqual([false, true])
    expect((await call('GET', '/v2/one/manifests/v0')).status).toBe(200)
    expect(await collect()).toEqual({ manifests: 0, blobs: 0, freed: 0 })
  })

  it('is not what is so young that its manifest may still come', async () => {
    const orphan = await push('young', 'wait for it')
    await pushImage('young', 'v0')
    expect(await collect({ grace: 60 })).toMatchObject({ blobs: 0 })
    expect(await here('young', orphan)).toBe(true)
    expect(await collect()).toMatchObject({ blobs: 1 })
  })

  it('is what a push left that never came to its manifest', async () => {
    const orphan = await push('never/finished', 'half')
    expect(await collect()).toMatchObject({ blobs: 1 })
    expect(await here('never/finished', orphan)).toBe(false)
    if (medium === 'folder') expect(existsSync(join(root, 'never'))).toBe(false)
  })

  it('is not what another repository has', async () => {
    const blob = await push('left', 'in both')
    await pushImage('left', 'v0')
    const config = { mediaType: OCI_CONFIG, digest: blob, size: 7 }
    await call('POST', `/v2/right/blobs/uploads/?mount=${blob}&from=left`)
    await call('PUT', '/v2/right/manifests/v0', manifestOf({ config }), { 'content-type': OCI_MANIFEST })
    expect(await collect()).toEqual({ manifests: 0, blobs: 1, freed: 0 })
    expect([await here('left', blob), await here('right', blob)]).toEqual([false, true])
  })

  it('is, when asked for, manifests without a tag, but not those that others hold', async () => {
    const old = await pushImage('tags', 'latest', 'old')
    const now = await pushImage('tags', 'latest', 'new')
    const child = await pushImage('tags', 'child', 'child')
    await call('DELETE', '/v2/tags/manifests/child')
    const index = JSON.stringify({ schemaVersion: 2, manifests: [{ mediaType: OCI_MANIFEST, digest: child, size: 1 }] })
    await call('PUT', '/v2/tags/manifests/all', index, { 'content-type': OCI_INDEX })
    const subject = { mediaType: OCI_MANIFEST, digest: now, size: 1 }
    const signature = await pushImage('tags', 'sig', 'signature', { subject })
    await call('DELETE', '/v2/tags/manifests/sig')
    expect(await collect()).toMatchObject({ manifests: 0 })
    expect(await collect({ untagged: true })).toMatchObject({ manifests: 1 })
    const status = async (digest: Digest) => (await call('GET', `/v2/tags/manifests/${digest}`)).status
    expect(await Promise.all([old, now, child, signature].map(status))).toEqual([404, 200, 200, 200])
  })

  it('is an upload that nobody goes on with', async () => {
    const upload = (await call('POST', '/v2/up/blobs/uploads/')).headers.get('location')!
    await call('PATCH', upload, 'some')
    await collect({ grace: 60 })
    expect((await call('GET', upload)).status).toBe(204)
    await collect()
    expect((await call('GET', upload)).status).toBe(404)
  })

  it('is a repository in which nothing is left', async () => {
    const digest = await pushImage('deep/in/side', 'v0')
    await call('DELETE', `/v2/deep/in/side/manifests/${digest}`)
    await collect()
    expect((await call('GET', '/v2/deep/in/side/tags/list')).status).toBe(404)
    if (medium === 'folder') expect(existsSync(join(root, 'deep'))).toBe(false)
  })

  it('pushes go on meanwhile, and none of them ends in an image with a hole', async () => {
    let pushing = true
    const collecting = (async () => {
      while (pushing) {
        await test.registry.collectGarbage({ grace: 0, untagged: true })
        await setImmediate()
      }
    })()
    const pushes = await Promise.allSettled(
      Array.from({ length: 30 }, async (_, i) => {
        const config = { mediaType: OCI_CONFIG, digest: await push(`busy/${i % 3}`, `{"n":${i % 10}}`), size: 7 }
        const raw = manifestOf({ config, annotations: { i: String(i) } })
        return (await call('PUT', `/v2/busy/${i % 3}/manifests/t${i}`, raw, { 'content-type': OCI_MANIFEST })).status
      }),
    )
    pushing = false
    await collecting
    for (const [i, push] of pushes.entries()) {
      // With no grace at all a blob may go before its manifest comes: then that is refused.
      expect(push.status).toBe('fulfilled')
      if (push.status !== 'fulfilled' || push.value !== 201) continue
      const manifest = await call('GET', `/v2/busy/${i % 3}/manifests/t${i}`)
      const { config } = (await manifest.json()) as { config: { digest: Digest } }
      expect(await here(`busy/${i % 3}`, config.digest)).toBe(true)
    }
  })

  it.runIf(medium === 'folder')('leaves old blobs alone that a push has just looked for', async () => {
    const digest = await push('looked', 'for')
    await pushImage('looked', 'v0')
    const file = join(root, 'looked/blobs/sha256', digest.slice(7))
    utimesSync(file, 0, 0)
    expect((await call('HEAD', `/v2/looked/blobs/${digest}`)).status).toBe(200)
    expect(await collect({ grace: 30 })).toMatchObject({ blobs: 0 })
    expect(readdirSync(join(root, 'looked/blobs/sha256'))).toContain(digest.slice(7))
  })
})
