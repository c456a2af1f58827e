import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Image } from '../../image/image.ts'
import { imageWith } from '../../rootfs/testLayers.ts'
import { copy } from '../copy.ts'
import { heldImage } from '../held.ts'
import { parseTransport } from '../parse.ts'
import { startDockerd } from '../testDockerd.ts'
import { startRegistry } from './server/server.ts'
import { listTags } from './tags.ts'

const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'ocilab-registry-peer-'))
let image: Image
beforeAll(async () => {
  image = await imageWith({ 'bin/': {}, 'bin/a': { body: 'A'.repeat(100_000) } }, { b: { body: 'B' } })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const diffIds = async (name: string, credentials?: { username: string; password: string }) => {
  const source = await parseTransport(name).source({ insecure: true, credentials })
  try {
    return (await source.resolve()).layers.map(layer => layer.diffId)
  } finally {
    await source.close()
  }
}

describe('the CNCF registry', () => {
  let registry: ChildProcess
  let host: string

  beforeAll(async () => {
    const port = await freePort()
    host = `127.0.0.1:${port}`
    const config = `version: 0.1\nstorage: {filesystem: {rootdirectory: ${folder}/cncf}}\nhttp: {addr: "${host}"}\n`
    writeFileSync(join(folder, 'config.yml'), config)
    registry = spawn('docker-registry', ['serve', join(folder, 'config.yml')], { stdio: 'ignore' })
    await vi.waitFor(async () => expect((await fetch(`http://${host}/v2/`)).status).toBe(200), { timeout: 20_000 })
  })
  afterAll(async () => {
    const ended = new Promise(resolve => registry.once('close', resolve))
    registry.kill()
    await ended
  })

  it('takes what we push, and skopeo pulls it', async () => {
    const { manifest } = await copy(heldImage(image, 'mem'), parseTransport(`docker://${host}/a/b:v0`), {
      insecure: true,
    })
    const { stdout } = await run('skopeo', ['inspect', '--tls-verify=false', `docker://${host}/a/b:v0`])
    expect(JSON.parse(stdout)).toMatchObject({
      Digest: manifest.digest,
      Layers: image.layers.map(layer => layer.descriptor.digest),
    })
  })

  it('gives us what skopeo pushed', async () => {
    await copy(heldImage(image, 'mem'), parseTransport(`oci:${folder}/layout:v0`))
    await run('skopeo', ['copy', '--dest-tls-verify=false', `oci:${folder}/layout:v0`, `docker://${host}/c:v1`])
    expect(await diffIds(`docker://${host}/c:v1`)).toEqual(image.layers.map(layer => layer.diffId))
    expect(await listTags(`${host}/c`, { insecure: true })).toEqual(['v1'])
  })

  it('moves nothing twice', async () => {
    const again = await copy(heldImage(image, 'mem'), parseTransport(`docker://${host}/a/b:v1`), { insecure: true })
    expect(again).toMatchObject({ copied: 0, skipped: 3 })
  })
})

describe.each([
  ['open', undefined],
  ['with tokens', { learner: 'secret' }],
])('our registry, %s', (_name, users) => {
  const credentials = users && { username: 'learner', password: 'secret' }

  it('skopeo pushes to it and pulls from it, and leaves the layout that we leave', async () => {
    const registry = await startRegistry({ users })
    const creds = (side: string) => (users ? [`--${side}-creds`, 'learner:secret'] : [])
    const [theirs, ours] = [mkdtempSync(join(folder, 'theirs-')), mkdtempSync(join(folder, 'ours-'))]
    try {
      await copy(heldImage(image, 'mem'), parseTransport(`oci:${theirs}/in:v0`))
      await run('skopeo', [
        'copy',
        '--dest-tls-verify=false',
        ...creds('dest'),
        `oci:${theirs}/in:v0`,
        `docker://${registry.host}/a:v0`,
      ])
      await run('skopeo', [
        'copy',
        '--src-tls-verify=false',
        ...creds('src'),
        `docker://${registry.host}/a:v0`,
        `oci:${theirs}/out:v0`,
      ])
      await copy(`docker://${registry.host}/a:v0`, `oci:${ours}/out:v0`, { insecure: true, credentials })
      await run('diff', ['-r', `${theirs}/out`, `${ours}/out`])
      expect(await diffIds(`docker://${registry.host}/a:v0`, credentials)).toEqual(
        image.layers.map(layer => layer.diffId),
      )
    } finally {
      await registry.close()
    }
  })
})

describe('Docker', () => {
  it('pushes to our registry and pulls from it, with a token', async () => {
    const registry = await startRegistry({ users: { learner: 'secret' } })
    const dockerd = await startDockerd()
    const name = `${registry.host}/zengxu/oci-demo-app:v0`
    try {
      const archive = join(folder, 'for-docker.tar')
      await copy(heldImage(image, 'mem'), parseTransport(`docker-archive:${archive}:${name}`))
      await dockerd.docker('load', '-i', archive)
      await dockerd.docker('login', '-u', 'learner', '-p', 'secret', registry.host)
      expect(await dockerd.docker('push', name)).toMatch(/v0: digest: sha256:[0-9a-f]{64} size: \d+/)
      expect(await diffIds(`docker://${name}`, { username: 'learner', password: 'secret' })).toEqual(
        image.layers.map(layer => layer.diffId),
      )
      await dockerd.docker('rmi', name)
      expect(await dockerd.docker('pull', name)).toContain('Downloaded newer image')
    } finally {
      await dockerd.stop()
      await registry.close()
    }
  }, 120_000)
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
}
