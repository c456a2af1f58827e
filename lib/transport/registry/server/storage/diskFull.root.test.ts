import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { expectAllHeard } from '../../../../bytes/testUnheard.ts'
import { digestOf } from '../../../../spec/digest.ts'
import { OCI_LAYER, OCI_MANIFEST } from '../../../../spec/mediaTypes.ts'
import { type RunningRegistry, startRegistry } from '../server.ts'
import { manifestOf } from '../testRegistry.ts'

describe.each([
  ['bytes', 'size=6m', 'size=64m'],
  ['inodes', 'nr_inodes=24', 'nr_inodes=1000'],
])('a disk that is full of %s', (_what, small, large) => {
  let folder: string
  let registry: RunningRegistry
  const mount = (...args: string[]) => execFileSync('mount', [...args, folder])

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ocilab-full-'))
    mount('-t', 'tmpfs', '-o', small, 'tmpfs')
    registry = await startRegistry({ root: folder })
  })
  afterEach(async () => {
    await registry.close()
    execFileSync('umount', [folder])
    rmSync(folder, { recursive: true })
  })

  const post = (bytes: Uint8Array<ArrayBuffer>) =>
    fetch(`${registry.url}/v2/a/blobs/uploads/?digest=${digestOf(bytes)}`, { method: 'POST', body: bytes })
  const get = async (digest: string) =>
    Buffer.from(await (await fetch(`${registry.url}/v2/a/blobs/${digest}`)).arrayBuffer())

  it('says so, loses nothing, and goes on when there is room', async () => {
    const kept: Buffer<ArrayBuffer>[] = []
    let refused: Response | undefined
    let blob = Buffer.alloc(0)
    for (let i = 0; refused === undefined && i < 100; i++) {
      blob = Buffer.alloc(1 << 20, `blob ${i}`)
      const answer = await post(blob)
      if (answer.status === 201) kept.push(blob)
      else refused = answer
    }
    expect(refused?.status).toBe(507)
    expect(await refused!.text()).toContain('ENOSPC')
    expect(kept.length).toBeGreaterThan(2)
    for (const one of kept) expect((await get(digestOf(one))).equals(one)).toBe(true)
    expect((await fetch(`${registry.url}/v2/a/blobs/${digestOf(blob)}`)).status).toBe(404)
    const unfinished = readdirSync(folder).filter(name => name.startsWith('.'))
    expect(unfinished.flatMap(name => readdirSync(join(folder, name)))).toEqual([])
    mount('-o', `remount,${large}`)
    expect((await post(blob)).status).toBe(201)
    expect((await get(digestOf(blob))).equals(blob)).toBe(true)
  })
})

it('a mirror whose disk has no room for one more file says so, and goes on when there is', () =>
  expectAllHeard(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ocilab-full-'))
    const mount = (options: string) => execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder])
    mount('nr_inodes=40')
    const origin = await startRegistry()
    const mirror = await startRegistry({ root: folder, upstream: origin.host, insecure: true })
    const blob = Buffer.alloc(1 << 20, 'layer')
    const path = `/v2/a/blobs/${digestOf(blob)}`
    try {
      await fetch(`${origin.url}/v2/a/blobs/uploads/?digest=${digestOf(blob)}`, { method: 'POST', body: blob })
      const raw = manifestOf({ config: { mediaType: OCI_LAYER, digest: digestOf(blob), size: blob.length } })
      const put = { method: 'PUT', body: raw, headers: { 'content-type': OCI_MANIFEST } }
      expect((await fetch(`${origin.url}/v2/a/manifests/v0`, put)).status).toBe(201)
      expect((await fetch(`${mirror.url}/v2/a/manifests/v0`)).status).toBe(200)
      expect(() => {
        for (let i = 0; i < 40; i++) writeFileSync(join(folder, `.room${i}`), '')
      }).toThrow('ENOSPC')
      const refused = await fetch(`${mirror.url}${path}`, { signal: AbortSignal.timeout(20_000) })
      expect([refused.status, await refused.text()]).toEqual([507, expect.stringContaining('ENOSPC')])
      mount('remount,nr_inodes=1000')
      expect(Buffer.from(await (await fetch(`${mirror.url}${path}`)).arrayBuffer()).equals(blob)).toBe(true)
    } finally {
      await mirror.close()
      await origin.close()
      execFileSync('umount', [folder])
      rmSync(folder, { recursive: true })
    }
  }))
