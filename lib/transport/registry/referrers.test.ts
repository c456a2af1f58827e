import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { copy } from '../copy.ts'
import { testFolder, testSource } from '../testImages.ts'
import { attach, discover } from './artifacts.ts'
import { RegistryClient } from './client.ts'
import { deleteImage } from './delete.ts'
import { referrersTag } from './referrers.ts'
import { type FaultyRegistry, startFaultyRegistry } from './testFaultyRegistry.ts'

const folder = testFolder()
let registry: FaultyRegistry
beforeAll(async () => {
  registry = await startFaultyRegistry()
  writeFileSync(join(folder, 'sbom.json'), '{"packages":[]}')
})
afterAll(() => registry.close())

/** As a registry of distribution-spec 1.0, which knows nothing of subjects. */
const old = () =>
  registry.break(
    /referrers|PUT .*manifests/,
    async ({ request, response, healthy }) => {
      if (request.url?.includes('referrers')) return response.writeHead(404).end()
      const { status, headers, body } = await healthy()
      const { 'oci-subject': _unknown, ...others } = headers
      response.writeHead(status, others as never).end(body)
    },
    1000,
  )

describe.each([
  ['that keeps the list', () => registry.heal()],
  ['of before, where we keep it', old],
])('attached files, in a registry %s', (name, prepare) => {
  const how = { insecure: true }
  it('are found, filtered, and gone when they are deleted', async () => {
    prepare()
    const image = `${registry.host}/${name.length}/a:v0`
    await copy(await testSource(), `docker://${image}`, how)
    const file = { path: join(folder, 'sbom.json'), mediaType: 'application/spdx+json' }
    const sbom = await attach(image, 'application/spdx+json', [file], { ...how, annotations: { author: 'me' } })
    const signature = await attach(image, 'application/vnd.test.signature', [], how)
    // What is attached can have something attached in turn.
    const repository = `${registry.host}/${name.length}/a`
    const ofSbom = await attach(`${repository}@${sbom.digest}`, 'application/vnd.test.signature', [], how)

    const tree = await discover(image, how)
    expect(tree.referrers.map(it => [it.descriptor.digest, it.descriptor.artifactType])).toEqual(
      expect.arrayContaining([
        [sbom.digest, 'application/spdx+json'],
        [signature.digest, 'application/vnd.test.signature'],
      ]),
    )
    const found = tree.referrers.find(it => it.descriptor.digest === sbom.digest)!
    expect(found.descriptor.annotations).toMatchObject({ author: 'me' })
    expect(found.referrers.map(it => it.descriptor.digest)).toEqual([ofSbom.digest])
    const filtered = await discover(image, { ...how, artifactType: 'application/spdx+json' })
    expect(filtered.referrers.map(it => it.descriptor.digest)).toEqual([sbom.digest])

    // An artifact is copied like an image.
    const there = await copy(
      `docker://${repository}@${sbom.digest}`,
      `oci:${join(folder, `a${name.length}`)}:sbom`,
      how,
    )
    expect(there.manifest.digest).toBe(sbom.digest)

    await deleteImage(`${repository}@${signature.digest}`, how)
    expect((await discover(image, how)).referrers.map(it => it.descriptor.digest)).toEqual([sbom.digest])
  })

  it('are listed under the tag only where that is needed', async () => {
    const client = new RegistryClient(registry.host, `${name.length}/a`, how)
    const tag = referrersTag((await client.manifest('v0')).descriptor.digest)
    expect(tag).toMatch(/^sha256-[0-9a-f]{64}$/)
    expect((await client.tags()).includes(tag)).toBe(prepare === old)
    client.close()
  })
})

it('an artifact type is one', async () => {
  await expect(attach('a:v0', 'nonsense', [])).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
})
