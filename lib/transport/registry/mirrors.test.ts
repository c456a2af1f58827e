import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseReference } from '../../spec/reference.ts'
import { copy } from '../copy.ts'
import { testFolder, testSource } from '../testImages.ts'
import { placesOf } from './mirrors.ts'
import { type FaultyRegistry, startFaultyRegistry } from './testFaultyRegistry.ts'

const folder = testFolder()
const conf = (text: string) => {
  const path = join(folder, `${count++}.conf`)
  writeFileSync(path, text)
  return { CONTAINERS_REGISTRIES_CONF: path }
}
let count = 0
const shown = async (name: string, environment: NodeJS.ProcessEnv) =>
  (await placesOf(parseReference(name), undefined, environment)).map(
    it => `${it.isMirror ? 'mirror ' : ''}${it.domain}/${it.path}${it.insecure ? ' insecure' : ''}`,
  )

const EXAMPLE = `
unqualified-search-registries = ["docker.io"]
[[registry]]
prefix = "docker.io"
location = "registry.corp.example/hub"
[[registry.mirror]]
location = "mirror.local:5000"
insecure = true
[[registry.mirror]]
location = "digests.local/x"
pull-from-mirror = "digest-only"
[[registry]]
prefix = "docker.io/library/secret"
blocked = true
[[registry]]
prefix = "*.internal.example"
location = "inside.example"
[[registry]]
location = "plain.example:5000"
insecure = true
`

describe('registries.conf', () => {
  it.each([
    ['alpine:3', ['mirror mirror.local:5000/library/alpine insecure', 'registry.corp.example/hub/library/alpine']],
    [
      `alpine@sha256:${'a'.repeat(64)}`,
      [
        'mirror mirror.local:5000/library/alpine insecure',
        'mirror digests.local/x/library/alpine',
        'registry.corp.example/hub/library/alpine',
      ],
    ],
    ['plain.example:5000/a:v0', ['plain.example:5000/a insecure']],
    ['quay.io/a/b:v0', ['quay.io/a/b']],
  ])('%s', async (name, places) => expect(await shown(name, conf(EXAMPLE))).toEqual(places))

  it('blocks', async () => {
    await expect(shown('library/secret:v0', conf(EXAMPLE))).rejects.toMatchObject({ code: 'DENIED' })
  })
  it('a prefix ends where a part of the name does', async () => {
    expect(await shown('library/secrets:v0', conf(EXAMPLE))).toContain('registry.corp.example/hub/library/secrets')
  })
  it.each(['[[registry]]\nprefix = ', '[[registry]]\ninsecure = true', '[[registry]]\nlocation = 3'])(
    'that is wrong says where: %j',
    async text => {
      await expect(shown('a:v0', conf(text))).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    },
  )
})

describe('mirrors', () => {
  let own: FaultyRegistry
  let mirror: FaultyRegistry
  beforeAll(async () => {
    own = await startFaultyRegistry()
    mirror = await startFaultyRegistry()
    await copy(await testSource(), `docker://${own.host}/a:v0`, { insecure: true })
  })
  afterAll(async () => {
    await own.close()
    await mirror.close()
  })
  const pull = () =>
    copy(`docker://${own.host}/a:v0`, `oci:${join(folder, `layout-${count++}`)}:v0`, {
      insecure: true,
      idle: 500,
      mirrors: [mirror.host],
    })
  const asked = (registry: FaultyRegistry) => registry.seen.filter(it => it.url !== '/v2/').length

  it('that have nothing, or are broken, are passed over', async () => {
    await pull()
    mirror.break(/v2/, ({ request }) => request.socket.destroy(), 1000)
    await pull()
    mirror.heal()
  })

  it('that have it are asked instead of the registry', async () => {
    await copy(await testSource(), `docker://${mirror.host}/a:v0`, { insecure: true })
    own.seen.length = 0
    await pull()
    expect(asked(own)).toBe(0)
  })

  it('that lack a layer leave it to the registry', async () => {
    own.seen.length = 0
    mirror.break(/^GET .*blobs/, ({ response }) => response.writeHead(404).end(), 2)
    await pull()
    expect(asked(own)).toBeGreaterThan(0)
  })
})
