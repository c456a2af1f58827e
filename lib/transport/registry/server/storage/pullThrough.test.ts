import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { digestOf } from '../../../../spec/digest.ts'
import { OCI_LAYER, OCI_MANIFEST } from '../../../../spec/mediaTypes.ts'
import { createRegistry, type Registry } from '../registry.ts'
import { type RunningRegistry, startRegistry } from '../server.ts'
import { manifestOf, media } from '../testRegistry.ts'

const LAYER = Buffer.alloc(3_000_000, 'layer')

describe.each(media)('a mirror in %s', medium => {
  const root = mkdtempSync(join(tmpdir(), 'ocilab-mirror-'))
  const origin = createRegistry()
  let upstream: string
  let mirror: RunningRegistry
  let damage = false
  let isDown = false
  const asked: string[] = []
  // An upstream that can be spied upon, damaged and taken down.
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    if (isDown) return void request.socket.destroy()
    if (damage && request.method === 'GET' && request.url!.includes('/blobs/'))
      return response.end(Buffer.alloc(LAYER.length))
    origin.handler(request, response)
  })

  beforeAll(async () => {
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    upstream = `127.0.0.1:${(server.address() as AddressInfo).port}`
    mirror = await startRegistry({ upstream, insecure: true, ...(medium === 'folder' && { root }) })
    await push('v0', LAYER)
    asked.length = 0
  })
  afterAll(async () => {
    await mirror.close()
    server.closeAllConnections()
    server.close()
    await (origin as Registry).close()
    rmSync(root, { recursive: true })
  })

  async function push(tag: string, layer: Uint8Array): Promise<string> {
    const base = `http://${upstream}/v2/a/b`
    const digest = digestOf(layer)
    await fetch(`${base}/blobs/uploads/?digest=${digest}`, { method: 'POST', body: layer as Uint8Array<ArrayBuffer> })
    const raw = manifestOf({ config: { mediaType: OCI_LAYER, digest, size: layer.length } })
    await fetch(`${base}/manifests/${tag}`, { method: 'PUT', body: raw, headers: { 'content-type': OCI_MANIFEST } })
    return digestOf(raw)
  }
  const get = (path: string, headers = {}) => fetch(`${mirror.url}/v2/a/b/${path}`, { headers })

  it('fetches what it is asked for, once, however many ask at a time', async () => {
    const manifest = await get('manifests/v0')
    expect([manifest.status, manifest.headers.get('content-type')]).toEqual([200, OCI_MANIFEST])
    const bodies = await Promise.all(
      Array.from({ length: 5 }, async (_, i) => {
        const answer = await get(`blobs/${digestOf(LAYER)}`, i === 4 ? { range: 'bytes=1000000-' } : {})
        return Buffer.from(await answer.arrayBuffer())
      }),
    )
    for (const body of bodies.slice(0, 4)) expect(body.equals(LAYER)).toBe(true)
    expect(bodies[4]!.equals(LAYER.subarray(1_000_000))).toBe(true)
    expect(asked.filter(line => line.startsWith('GET') && line.includes('/blobs/'))).toHaveLength(1)
    if (medium === 'folder')
      expect(statSync(join(root, 'a/b/blobs/sha256', digestOf(LAYER).slice(7))).size).toBe(LAYER.length)
  })

  it('follows a tag that moves', async () => {
    const digest = await push('v0', Buffer.from('moved'))
    expect((await get('manifests/v0')).headers.get('docker-content-digest')).toBe(digest)
    expect(await (await get(`blobs/${digestOf('moved')}`)).text()).toBe('moved')
    expect(await (await get('tags/list')).json()).toEqual({ name: 'a/b', tags: ['v0'] })
  })

  it('has nothing that the upstream has not', async () => {
    expect((await get('manifests/none')).status).toBe(404)
    expect((await get(`manifests/${digestOf('none')}`)).status).toBe(404)
    expect((await get(`blobs/${digestOf('none')}`)).status).toBe(404)
  })

  it('takes no pushes', async () => {
    expect((await fetch(`${mirror.url}/v2/a/b/blobs/uploads/`, { method: 'POST' })).status).toBe(405)
  })

  it('never gives out a damaged blob as a whole one, nor keeps it', async () => {
    const layer = Buffer.alloc(LAYER.length, 'other')
    await push('v1', layer)
    expect((await get('manifests/v1')).status).toBe(200)
    damage = true
    await expect(get(`blobs/${digestOf(layer)}`).then(answer => answer.arrayBuffer())).rejects.toThrow()
    damage = false
    expect(Buffer.from(await (await get(`blobs/${digestOf(layer)}`)).arrayBuffer()).equals(layer)).toBe(true)
  })

  it('gives what it has while the upstream is away', async () => {
    isDown = true
    expect((await get('manifests/v0')).status).toBe(200)
    expect(Buffer.from(await (await get(`blobs/${digestOf(LAYER)}`)).arrayBuffer()).equals(LAYER)).toBe(true)
    expect((await get('manifests/never-seen')).status).toBe(500)
    isDown = false
  })
})
