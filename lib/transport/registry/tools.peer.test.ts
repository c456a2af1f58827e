import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { createSign, randomUUID, X509Certificate } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { copy } from '../copy.ts'
import { inspect } from '../inspect.ts'
import { sync } from '../sync.ts'
import { testFolder, testSource, tree } from '../testImages.ts'
import { attach, discover } from './artifacts.ts'
import { RegistryClient } from './client.ts'
import { deleteImage } from './delete.ts'
import { listTags } from './tags.ts'
import { parseBasic } from './wire/challenge.ts'
import { parseTokenQuery } from './wire/token.ts'

// skopeo and the CNCF registry, with a token server of our own: what they do, and we do, side by side.
const folder = testFolder()
const at = (name: string) => join(folder, name)
const run = promisify(execFile)
const skopeo = async (...args: string[]) => (await run('skopeo', args, { cwd: folder })).stdout
const credentials = { username: 'learner', password: 'secret' }
const how = { insecure: true, credentials }
let host: string
let registry: ChildProcess
const asked: string[] = []

/** Tokens as distribution's token.md has them, signed with a key whose certificate the registry knows. */
function tokenFor(scopes: readonly { type: string; name: string; actions: readonly string[] }[]): string {
  const certificate = new X509Certificate(readFileSync(at('cert.pem')))
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const now = Math.floor(Date.now() / 1000)
  const head = part({ typ: 'JWT', alg: 'RS256', x5c: [certificate.raw.toString('base64')] })
  const claims = {
    iss: 'ours',
    sub: 'learner',
    aud: 'cncf',
    exp: now + 300,
    nbf: now - 10,
    iat: now,
    jti: randomUUID(),
  }
  const signed = `${head}.${part({ ...claims, access: scopes })}`
  return `${signed}.${createSign('RSA-SHA256')
    .update(signed)
    .sign(readFileSync(at('key.pem')), 'base64url')}`
}

const tokens = createServer((request, response) => {
  const { searchParams } = new URL(request.url!, 'http://x')
  asked.push(searchParams.getAll('scope').join(' '))
  if (parseBasic(request.headers.authorization)?.password !== 'secret') return response.writeHead(401).end()
  response.end(JSON.stringify({ token: tokenFor(parseTokenQuery(searchParams).scopes), expires_in: 300 }))
})

beforeAll(async () => {
  const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout', at('key.pem'), '-subj', '/CN=ours', '-out', at('cert.pem')]
  execFileSync('openssl', ['req', '-x509', ...key], { stdio: 'ignore' })
  await new Promise<void>(resolve => tokens.listen(0, '127.0.0.1', resolve))
  const realm = `http://127.0.0.1:${(tokens.address() as AddressInfo).port}/token`
  const free = createServer()
  await new Promise<void>(resolve => free.listen(0, '127.0.0.1', resolve))
  host = `127.0.0.1:${(free.address() as AddressInfo).port}`
  await new Promise(resolve => free.close(resolve))
  const auth = `auth: {token: {realm: "${realm}", service: cncf, issuer: ours, rootcertbundle: "${at('cert.pem')}"}}`
  const storage = `storage: {filesystem: {rootdirectory: "${at('cncf')}"}, delete: {enabled: true}}`
  writeFileSync(at('config.yml'), `version: 0.1\n${storage}\nhttp: {addr: "${host}"}\n${auth}\n`)
  registry = spawn('docker-registry', ['serve', at('config.yml')], { stdio: 'ignore' })
  await vi.waitFor(async () => expect((await fetch(`http://${host}/v2/`)).status).toBe(401), { timeout: 30_000 })
  await copy(await testSource(), `docker://${host}/zengxu/app:v0`, how)
  await copy(await testSource(['other']), `docker://${host}/zengxu/app:v1`, how)
})
afterAll(async () => {
  const ended = new Promise(resolve => registry.once('close', resolve))
  registry.kill()
  await ended
  tokens.close()
})

const creds = (side = '') => [`--${side}creds=learner:secret`, `--${side}tls-verify=false`]

describe('the CNCF registry, with tokens', () => {
  it('is pushed to with one token for a repository, and mounts between two', async () => {
    asked.length = 0
    const { copied } = await copy(`docker://${host}/zengxu/app:v0`, `docker://${host}/mounted:v0`, how)
    expect(copied).toBe(0)
    expect(new Set(asked)).toEqual(
      new Set([
        'repository:zengxu/app:pull',
        'repository:mounted:pull',
        'repository:mounted:pull,push repository:zengxu/app:pull',
      ]),
    )
  })

  it('lists and shows what it has as to skopeo', async () => {
    const theirs = JSON.parse(await skopeo('inspect', ...creds(), `docker://${host}/zengxu/app:v0`))
    const { LayersData: _more, ...ours } = await inspect(`docker://${host}/zengxu/app:v0`, how)
    const { LayersData: _newer, ...known } = theirs
    expect(ours).toEqual(known)
    expect(Object.keys(ours)).toEqual(Object.keys(known))
    const tags = JSON.parse(await skopeo('list-tags', ...creds(), `docker://${host}/zengxu/app`))
    expect(await listTags(`${host}/zengxu/app`, how)).toEqual(tags.Tags)
  })

  it('is a repository that syncs into the folders skopeo makes', async () => {
    mkdirSync(at('theirs'))
    await skopeo('sync', '--scoped', '--src=docker', '--dest=dir', ...creds('src-'), `${host}/zengxu/app`, at('theirs'))
    const from = { kind: 'docker', place: `${host}/zengxu/app` } as const
    const images = await sync(from, { kind: 'dir', place: at('ours') }, { ...how, scoped: true })
    expect(images.map(it => it.destination).sort()).toEqual(
      ['v0', 'v1'].map(tag => `dir:${at('ours')}/${host}/zengxu/app:${tag}`),
    )
    expect(tree(at('ours'))).toEqual(tree(at('theirs')))
    await run('diff', ['-r', at('ours'), at('theirs')])
  })

  it('takes back a folder of images, some of them only, and says what it would do', async () => {
    await sync({ kind: 'docker', place: `${host}/zengxu/app` }, { kind: 'dir', place: at('back') }, how)
    const from = { kind: 'dir', place: at('back') } as const
    const to = { kind: 'docker', place: `${host}/copies` } as const
    const planned = await sync(from, to, { ...how, dryRun: true })
    expect(planned.map(it => [it.destination, it.digest])).toEqual([
      [`docker://${host}/copies/app:v0`, undefined],
      [`docker://${host}/copies/app:v1`, undefined],
    ])
    await sync(from, to, { ...how, tags: /^v/, exclude: /0$/ })
    expect(await listTags(`${host}/copies/app`, how)).toEqual(['v1'])
  })

  it('keeps going where one image cannot be copied', async () => {
    const from = { kind: 'docker', place: `${host}/zengxu/app` } as const
    writeFileSync(at('file'), '')
    const images = await sync(from, { kind: 'dir', place: at('file') }, { ...how, keepGoing: true })
    expect(images.map(it => it.error?.code)).toEqual(['TARGET_EXISTS', 'TARGET_EXISTS'])
    await expect(sync(from, { kind: 'dir', place: at('file') }, how)).rejects.toMatchObject({ code: 'TARGET_EXISTS' })
  })

  it('gives all images of an index as it gives skopeo', async () => {
    const layout = at('index')
    for (const architecture of ['amd64', 'arm64'])
      await copy(await testSource([architecture]), `oci:${layout}:${architecture}`)
    const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8'))
    const manifests = index.manifests.map((it: { annotations: object; platform: object }, i: number) => {
      const { annotations: _name, ...rest } = it
      return { ...rest, platform: { architecture: ['amd64', 'arm64'][i], os: 'linux' } }
    })
    const raw = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests }),
    )
    const client = new RegistryClient(host, 'multi', how)
    for (const name of ['amd64', 'arm64']) {
      const { manifest } = await copy(`oci:${layout}:${name}`, `docker://${host}/multi:${name}`, how)
      expect(manifests.map((it: { digest: string }) => it.digest)).toContain(manifest.digest)
    }
    await client.pushManifest('all', 'application/vnd.oci.image.index.v1+json', raw)
    client.close()
    const from = `docker://${host}/multi:all`
    await skopeo('copy', '--all', ...creds('src-'), from, `oci:${at('all-theirs')}:v0`)
    await copy(from, `oci:${at('all-ours')}:v0`, { ...how, all: true })
    await run('diff', ['-r', at('all-ours'), at('all-theirs')])
    await copy(`oci:${at('all-theirs')}:v0`, `docker://${host}/multi:again`, { ...how, all: true })
    expect(await skopeo('inspect', '--raw', ...creds(), `docker://${host}/multi:again`)).toBe(raw.toString())
  })

  it('keeps lists of referrers by our hand, for it knows nothing of them', async () => {
    writeFileSync(at('note.txt'), 'a note')
    const image = `${host}/zengxu/app:v0`
    const { digest } = await attach(image, 'text/note', [{ path: at('note.txt'), mediaType: 'text/plain' }], how)
    expect((await discover(image, how)).referrers.map(it => it.descriptor.digest)).toEqual([digest])
    expect((await listTags(`${host}/zengxu/app`, how)).some(tag => tag.startsWith('sha256-'))).toBe(true)
  })

  it('forgets an image when we delete it, as when skopeo does', async () => {
    await deleteImage(`${host}/zengxu/app:v1`, how)
    await skopeo('delete', ...creds(), `docker://${host}/copies/app:v1`)
    for (const name of ['zengxu/app', 'copies/app'])
      await expect(inspect(`docker://${host}/${name}:v1`, how)).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' })
    await expect(deleteImage(`${host}/zengxu/app:v1`, how)).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' })
  })

  it('takes pieces, and what is packed on the way', async () => {
    const to = `docker://${host}/pieces:v0`
    await copy(await testSource(), to, { ...how, chunkSize: 1000, recompress: { format: 'zstd' } })
    expect(await skopeo('inspect', '--raw', ...creds(), to)).toContain('tar+zstd')
    await skopeo('copy', ...creds('src-'), to, `dir:${at('zstd')}`)
  })
})
