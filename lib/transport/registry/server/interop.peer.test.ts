import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Image } from '../../../image/image.ts'
import { imageWith } from '../../../rootfs/testLayers.ts'
import { copy } from '../../copy.ts'
import { heldImage } from '../../held.ts'
import { parseTransport } from '../../parse.ts'
import { startDockerd } from '../../testDockerd.ts'
import { type RunningRegistry, startRegistry } from './server.ts'
import { goProgram, mustRun } from './testPrograms.ts'

// Everybody's clients push to our registry and pull from it what they and others pushed.

// A short name: podman takes no long one for its run files.
const folder = mkdtempSync(join(tmpdir(), 'oci-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let image: Image
const layout = join(folder, 'layout')
beforeAll(async () => {
  image = await imageWith({ 'bin/': {}, 'bin/a': { body: 'A'.repeat(300_000) } }, { b: { body: 'B' } })
  await copy(heldImage(image, 'mem'), `oci:${layout}:v0`)
})

const USER = 'learner'
const PASSWORD = 'hello-oci'
const users = { [USER]: PASSWORD }

describe.each([
  ['nothing', {}],
  ['tokens', { users }],
  ['passwords', { users, scheme: 'basic' as const }],
])('a registry that asks for %s', (asked, options) => {
  const home = join(folder, asked)
  // Podman and buildah keep their images and run files somewhere: here, and nowhere else.
  const env = {
    HOME: home,
    DOCKER_CONFIG: join(home, '.docker'),
    XDG_RUNTIME_DIR: join(home, 'run'),
    REGISTRY_AUTH_FILE: join(home, 'auth.json'),
  }
  const root = join(home, 'registry')
  let registry: RunningRegistry
  let digest: string

  beforeAll(async () => {
    for (const path of [env.DOCKER_CONFIG, env.XDG_RUNTIME_DIR]) mkdirSync(path, { recursive: true })
    registry = await startRegistry({ root, ...options })
    const auth = {
      auths:
        'users' in options ? { [registry.host]: { auth: Buffer.from(`${USER}:${PASSWORD}`).toString('base64') } } : {},
    }
    writeFileSync(join(env.DOCKER_CONFIG, 'config.json'), JSON.stringify(auth))
    writeFileSync(env.REGISTRY_AUTH_FILE, JSON.stringify(auth))
    await mustRun(
      'skopeo',
      ['copy', '--dest-tls-verify=false', `oci:${layout}:v0`, `docker://${registry.host}/skopeo/app:v0`],
      { env },
    )
    digest = image.descriptor.digest
  })
  afterAll(() => registry.close())

  const pulled = async (reference: string) => {
    const target = mkdtempSync(join(home, 'pulled-'))
    const credentials = 'users' in options ? { username: USER, password: PASSWORD } : undefined
    await copy(`docker://${registry.host}/${reference}`, `oci:${target}/out:v0`, { insecure: true, credentials })
    const source = await parseTransport(`oci:${target}/out:v0`).source()
    return (await source.resolve()).layers.map(layer => layer.diffId)
  }
  const diffIds = () => image.layers.map(layer => layer.diffId)

  it('skopeo: what it pushed is a plain layout in the folder', async () => {
    const inspected = JSON.parse(await mustRun('skopeo', ['inspect', `oci:${root}/skopeo/app:v0`]))
    expect(inspected.Digest).toBe(digest)
    expect(await pulled('skopeo/app:v0')).toEqual(diffIds())
    const listed = JSON.parse(
      await mustRun('skopeo', ['list-tags', '--tls-verify=false', `docker://${registry.host}/skopeo/app`], { env }),
    )
    expect(listed.Tags).toEqual(['v0'])
  })

  it('crane: copies, tags, lists, validates, deletes', async () => {
    const crane = (...args: string[]) => mustRun(goProgram('crane'), ['--insecure', ...args], { env })
    const app = `${registry.host}/crane/app`
    await crane('copy', `${registry.host}/skopeo/app:v0`, `${app}:v1`)
    await crane('tag', `${app}:v1`, 'v2')
    expect((await crane('ls', app)).split('\n').filter(Boolean)).toEqual(['v1', 'v2'])
    expect((await crane('digest', `${app}:v2`)).trim()).toBe(digest)
    await crane('validate', '--remote', `${app}:v2`)
    if (!('users' in options)) expect(await crane('catalog', registry.host)).toContain('crane/app')
    await crane('push', join(folder, 'layout'), `${app}:whole`)
    await crane('delete', `${app}:v1`)
    expect((await crane('ls', app)).split('\n').filter(Boolean)).toEqual(['v2', 'whole'])
    expect(await pulled('crane/app:v2')).toEqual(diffIds())
  })

  it('oras: attaches an artifact, and discovers it', async () => {
    const oras = (...args: string[]) => mustRun(goProgram('oras'), [...args, '--plain-http'], { env, cwd: folder })
    writeFileSync(join(folder, 'sbom.json'), '{"packages":[]}')
    const app = `${registry.host}/skopeo/app:v0`
    await oras('attach', '--artifact-type', 'application/vnd.example.sbom', app, 'sbom.json:application/json')
    const found = JSON.parse(
      await oras('discover', '--format', 'json', '--artifact-type', 'application/vnd.example.sbom', app),
    )
    expect(found.referrers).toMatchObject([{ artifactType: 'application/vnd.example.sbom' }])
    const other = JSON.parse(await oras('discover', '--format', 'json', '--artifact-type', 'application/x', app))
    expect(other.referrers ?? []).toEqual([])
    await oras('push', `${registry.host}/oras/file:v0`, 'sbom.json:application/json')
    const into = mkdtempSync(join(home, 'oras-'))
    await oras('pull', '-o', into, `${registry.host}/oras/file:v0`)
    expect(existsSync(join(into, 'sbom.json'))).toBe(true)
  })

  it.each([
    [
      'podman',
      (args: string[]) => [
        '--root',
        join(home, 'podman'),
        '--runroot',
        join(home, 'run'),
        '--storage-driver',
        'vfs',
        ...args,
      ],
    ],
    [
      'buildah',
      (args: string[]) => [
        '--root',
        join(home, 'buildah'),
        '--runroot',
        join(home, 'run'),
        '--storage-driver',
        'vfs',
        ...args,
      ],
    ],
  ])('%s: pulls, and pushes under another name', async (program, withStorage) => {
    const run = (...args: string[]) => mustRun(program, withStorage(args), { env })
    const [from, to] = [`${registry.host}/skopeo/app:v0`, `${registry.host}/${program}/app:v0`]
    await run('pull', '--tls-verify=false', from)
    await run('tag', from, to)
    await run('push', '--tls-verify=false', to)
    await run('rmi', from, to)
    expect(await pulled(`${program}/app:v0`)).toEqual(diffIds())
    await run('pull', '--tls-verify=false', to)
  })
})

describe('Docker', () => {
  it.each([
    ['tokens', 'bearer' as const],
    ['passwords', 'basic' as const],
    ['nothing', undefined],
  ])(
    'logs in with %s, pushes, and pulls again',
    async (what, scheme) => {
      const registry = await startRegistry({ root: join(folder, `docker-${what}`), ...(scheme && { users, scheme }) })
      const dockerd = await startDockerd()
      const name = `${registry.host}/zengxu/oci-demo-app:v0`
      try {
        const archive = join(folder, `for-docker-${what}.tar`)
        await copy(heldImage(image, 'mem'), parseTransport(`docker-archive:${archive}:${name}`))
        await dockerd.docker('load', '-i', archive)
        if (scheme) {
          await expect(dockerd.docker('login', '-u', USER, '-p', 'wrong', registry.host)).rejects.toThrow(
            /401|unauthorized/i,
          )
          await expect(dockerd.docker('push', name)).rejects.toThrow(
            /denied|unauthorized|authentication|no basic auth/i,
          )
          await dockerd.docker('login', '-u', USER, '-p', PASSWORD, registry.host)
        }
        expect(await dockerd.docker('push', name)).toMatch(/v0: digest: sha256:[0-9a-f]{64} size: \d+/)
        await dockerd.docker('rmi', name)
        expect(await dockerd.docker('pull', name)).toContain('Downloaded newer image')
      } finally {
        await dockerd.stop()
        await registry.close()
      }
    },
    120_000,
  )
})
