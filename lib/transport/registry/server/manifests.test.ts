import { describe, expect, it } from 'vitest'
import { digestOf } from '../../../spec/digest.ts'
import { DOCKER_MANIFEST, OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST } from '../../../spec/mediaTypes.ts'
import { codeOf, manifestOf, media, testRegistry } from './testRegistry.ts'

const missing = { mediaType: OCI_LAYER, digest: digestOf('nobody'), size: 1 }

describe.each(media)('manifests in %s', medium => {
  const { call, push, pushImage } = testRegistry(medium)
  const put = (name: string, reference: string, body: string, type = OCI_MANIFEST) =>
    call('PUT', `/v2/${name}/manifests/${reference}`, body, { 'content-type': type })
  const status = async (path: string) => (await call('HEAD', path)).status

  it('are found by tag and by digest', async () => {
    const digest = await pushImage('m', 'v0')
    for (const reference of ['v0', digest]) {
      const answer = await call('GET', `/v2/m/manifests/${reference}`)
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, OCI_MANIFEST])
      expect(answer.headers.get('docker-content-digest')).toBe(digest)
      expect(digestOf(await answer.text())).toBe(digest)
      const etag = answer.headers.get('etag')!
      const again = await call('GET', `/v2/m/manifests/${reference}`, undefined, { 'if-none-match': etag })
      expect([again.status, await again.text()]).toEqual([304, ''])
    }
  })

  it('a tag is deleted alone, a digest with all its tags', async () => {
    const digest = await pushImage('del', 'v0', 'same')
    await pushImage('del', 'v1', 'same')
    const other = await pushImage('del', 'v2', 'other')
    expect((await call('DELETE', '/v2/del/manifests/v0')).status).toBe(202)
    expect(await status('/v2/del/manifests/v0')).toBe(404)
    expect(await status(`/v2/del/manifests/${digest}`)).toBe(200)
    expect((await call('DELETE', `/v2/del/manifests/${digest}`)).status).toBe(202)
    expect(await status(`/v2/del/manifests/${digest}`)).toBe(404)
    expect(await status('/v2/del/manifests/v1')).toBe(404)
    expect(await status(`/v2/del/manifests/${other}`)).toBe(200)
    for (const reference of ['v0', digest, 'never', '.no-tag'])
      expect((await call('DELETE', `/v2/del/manifests/${reference}`)).status).toBe(404)
    expect((await call('DELETE', `/v2/del/blobs/${other}`)).status).toBe(403)
  })

  it('a tag moves, and what it was stays under its digest', async () => {
    const first = await pushImage('move', 'latest', 'first')
    const second = await pushImage('move', 'latest', 'second')
    expect((await call('HEAD', '/v2/move/manifests/latest')).headers.get('docker-content-digest')).toBe(second)
    expect(await status(`/v2/move/manifests/${first}`)).toBe(200)
  })

  it('are pushed by digest, with tags', async () => {
    const config = { mediaType: OCI_CONFIG, digest: await push('tagged', '{}'), size: 2 }
    const raw = manifestOf({ config })
    for (const algorithm of ['sha256', 'sha512'] as const) {
      const digest = digestOf(raw, algorithm)
      const answer = await call('PUT', `/v2/tagged/manifests/${digest}?tag=${algorithm}&tag=x`, raw, {
        'content-type': OCI_MANIFEST,
      })
      expect([answer.status, answer.headers.get('oci-tag')]).toEqual([201, `${algorithm}, x`])
      const got = await call('GET', `/v2/tagged/manifests/${algorithm}`)
      expect(got.headers.get('docker-content-digest')).toBe(digest)
    }
    const wrong = await put('tagged', digestOf('other bytes'), raw)
    expect([wrong.status, await codeOf(wrong)]).toEqual([400, 'DIGEST_INVALID'])
    expect((await put('tagged', `${digestOf(raw)}?tag=not%20one`, raw)).status).toBe(400)
  })

  it.each<[string, string, string | undefined, number, string]>([
    ['not JSON', 'x', OCI_MANIFEST, 400, 'MANIFEST_INVALID'],
    ['null', 'null', OCI_MANIFEST, 400, 'MANIFEST_INVALID'],
    ['no manifest', '{}', OCI_MANIFEST, 400, 'MANIFEST_INVALID'],
    ['of a blob nobody has', manifestOf({ config: missing }), OCI_MANIFEST, 400, 'MANIFEST_BLOB_UNKNOWN'],
    ['of another type than it says', manifestOf({ config: missing }), DOCKER_MANIFEST, 400, 'MANIFEST_INVALID'],
    ['of no type', manifestOf({ config: missing }), undefined, 400, 'MANIFEST_INVALID'],
    ['plain text', manifestOf({ config: missing }), 'text/plain', 400, 'MANIFEST_INVALID'],
    [
      'of a digest that is a path',
      manifestOf({ config: { ...missing, digest: 'sha256:../x' } }),
      OCI_MANIFEST,
      400,
      'DIGEST_INVALID',
    ],
    ['of a negative size', manifestOf({ config: { ...missing, size: -1 } }), OCI_MANIFEST, 400, 'SIZE_INVALID'],
    [
      'an index of nobody',
      JSON.stringify({ schemaVersion: 2, manifests: [missing] }),
      OCI_INDEX,
      400,
      'MANIFEST_BLOB_UNKNOWN',
    ],
    ['both at once', manifestOf({ config: missing, manifests: [] }), OCI_MANIFEST, 400, 'MANIFEST_INVALID'],
    ['too large', ' '.repeat((4 << 20) + 1), OCI_MANIFEST, 413, 'SIZE_INVALID'],
  ])('%s', async (_name, body, type, wanted, code) => {
    const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type }
    const answer = await call('PUT', '/v2/bad/manifests/bad', Buffer.from(body), headers)
    expect([answer.status, await codeOf(answer)]).toEqual([wanted, code])
    expect(await status('/v2/bad/manifests/bad')).toBe(404)
    expect((await call('GET', '/v2/bad/tags/list')).status).toBe(404)
  })

  it.each(['.hidden', 'a'.repeat(129), 'a b', '-x'])('%j is no tag', async tag => {
    const answer = await put('bad', encodeURIComponent(tag), manifestOf({ config: missing }))
    expect([answer.status, await codeOf(answer)]).toEqual([400, 'MANIFEST_INVALID'])
    expect(await status(`/v2/bad/manifests/${encodeURIComponent(tag)}`)).toBe(404)
  })

  it('layers that may not be given on need not be here', async () => {
    const config = { mediaType: OCI_CONFIG, digest: await push('foreign', '{}'), size: 2 }
    const layers = [
      { ...missing, mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar' },
      { ...missing, urls: ['https://x'] },
    ]
    expect((await put('foreign', 'v0', manifestOf({ config, layers }))).status).toBe(201)
  })

  it('refer to others, and are found by them', async () => {
    const subject = await pushImage('ref', 'v0')
    const reference = { mediaType: OCI_MANIFEST, digest: subject, size: 1 }
    const sbom = await pushImage('ref', 'sbom', 'sbom', { subject: reference, artifactType: 'application/sbom' })
    const plain = await pushImage('ref', 'plain', 'plain', { subject: reference })
    const list = async (query = '') => {
      const answer = await call('GET', `/v2/ref/referrers/${subject}${query}`)
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, OCI_INDEX])
      const { manifests } = (await answer.json()) as { manifests: { digest: string; artifactType: string }[] }
      return {
        filtered: answer.headers.get('oci-filters-applied'),
        found: manifests.map(it => [it.digest, it.artifactType]),
      }
    }
    const rows = [
      [sbom, 'application/sbom'],
      [plain, OCI_CONFIG],
    ]
    expect(await list()).toEqual({ filtered: null, found: rows })
    expect(await list('?artifactType=application/sbom')).toEqual({ filtered: 'artifactType', found: [rows[0]] })
    expect(await list('?artifactType=none')).toEqual({ filtered: 'artifactType', found: [] })
    expect((await call('DELETE', `/v2/ref/manifests/${sbom}`)).status).toBe(202)
    expect((await list()).found).toEqual([rows[1]])
    expect((await call('GET', '/v2/ref/referrers/sha256:x')).status).toBe(400)
    expect(await (await call('GET', `/v2/nobody/referrers/${subject}`)).json()).toMatchObject({ manifests: [] })
    const answer = await put(
      'ref',
      'again',
      manifestOf({ config: { mediaType: OCI_CONFIG, digest: digestOf('{}'), size: 2 }, subject: reference }),
    )
    expect(answer.headers.get('oci-subject')).toBe(subject)
  })
})
