import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { copy } from './copy.ts'
import { parseTransport } from './parse.ts'
import { testFolder, testSource, tree } from './testImages.ts'

const folder = testFolder()
const REF = 'org.opencontainers.image.ref.name'

const manifests = (layout: string): { digest: string; annotations?: Record<string, string> }[] =>
  JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')).manifests
const names = (layout: string) => manifests(layout).map(it => it.annotations?.[REF])

async function layoutWith(name: string, ...tags: string[]): Promise<string> {
  const layout = join(folder, name)
  for (const tag of tags) await copy(await testSource([tag]), `oci:${layout}:${tag}`)
  return layout
}

async function resolve(name: string) {
  const source = await parseTransport(name).source()
  try {
    return await source.resolve()
  } finally {
    await source.close()
  }
}

describe('oci: written', () => {
  it('has the bytes skopeo writes around its blobs', async () => {
    const layout = await layoutWith('bytes', 'v0')
    const [only] = manifests(layout)
    expect(readFileSync(join(layout, 'oci-layout'), 'utf8')).toBe('{"imageLayoutVersion": "1.0.0"}')
    expect(readFileSync(join(layout, 'index.json'), 'utf8')).toBe(
      `{"schemaVersion":2,"manifests":[${JSON.stringify(only)}]}`,
    )
    expect(tree(layout)).toHaveLength(2 + 2 + 3)
  })

  it('moves a name to the new image and keeps the old one without it', async () => {
    const layout = await layoutWith('move', 'a', 'b')
    await copy(await testSource(['b']), `oci:${layout}:a`)
    expect(names(layout)).toEqual([undefined, 'b', 'a'])
    await copy(await testSource(['a']), `oci:${layout}:c`)
    expect(names(layout)).toEqual(['c', 'b', 'a'])
    await copy(await testSource(['b']), `oci:${layout}:a`)
    expect(names(layout)).toEqual(['c', 'b', 'a'])
  })

  it('keeps all tags of eight copies at once', async () => {
    const layout = join(folder, 'parallel')
    const tags = Array.from({ length: 8 }, (_, index) => `t${index}`)
    await Promise.all(tags.map(async tag => copy(await testSource(), `oci:${layout}:${tag}`)))
    expect(names(layout).sort()).toEqual(tags)
    expect(tree(layout).filter(path => /lock|ocilab|tmp/.test(path))).toEqual([])
  })

  it('refuses to become a folder where a file is', async () => {
    const path = join(folder, 'file')
    writeFileSync(path, 'mine')
    await expect(copy(await testSource(), `oci:${path}:v0`)).rejects.toMatchObject({ code: 'LAYOUT_INVALID' })
    expect(readFileSync(path, 'utf8')).toBe('mine')
  })

  it('leaves an index it cannot read as it is', async () => {
    const layout = await layoutWith('broken-index', 'v0')
    writeFileSync(join(layout, 'index.json'), '{"schemaVersion":2,')
    await expect(copy(await testSource(['x']), `oci:${layout}:x`)).rejects.toMatchObject({ code: 'MANIFEST_INVALID' })
    expect(readFileSync(join(layout, 'index.json'), 'utf8')).toBe('{"schemaVersion":2,')
    expect(tree(layout).filter(path => /lock|ocilab/.test(path))).toEqual([])
  })
})

describe('oci: read', () => {
  it('finds an image by name, or the only one without', async () => {
    const layout = await layoutWith('find', 'a')
    const { descriptor } = await resolve(`oci:${layout}:a`)
    expect((await resolve(`oci:${layout}`)).descriptor.digest).toBe(descriptor.digest)
    await copy(await testSource(['b']), `oci:${layout}:b`)
    await expect(resolve(`oci:${layout}`)).rejects.toThrow(/choose one.*a, b/)
    await expect(resolve(`oci:${layout}:nope`)).rejects.toThrow(
      'no descriptor found for reference "nope" (there is a, b)',
    )
  })

  it('refuses one name for two images', async () => {
    const layout = await layoutWith('twice', 'a', 'b')
    const index = readFileSync(join(layout, 'index.json'), 'utf8').replace('name":"b"', 'name":"a"')
    writeFileSync(join(layout, 'index.json'), index)
    await expect(resolve(`oci:${layout}:a`)).rejects.toMatchObject({ code: 'LAYOUT_INVALID' })
  })

  it.each([
    ['no folder', (layout: string) => rmSync(layout, { recursive: true }), 'LAYOUT_INVALID'],
    ['no oci-layout', (layout: string) => rmSync(join(layout, 'oci-layout')), 'LAYOUT_INVALID'],
    ['no index.json', (layout: string) => rmSync(join(layout, 'index.json')), 'LAYOUT_INVALID'],
    [
      'another version',
      (layout: string) => writeFileSync(join(layout, 'oci-layout'), '{"imageLayoutVersion":"2.0.0"}'),
      'LAYOUT_INVALID',
    ],
    ['a null version', (layout: string) => writeFileSync(join(layout, 'oci-layout'), 'null'), 'LAYOUT_INVALID'],
    ['a huge oci-layout', (layout: string) => writeFileSync(join(layout, 'oci-layout'), ' '.repeat(1e6)), 'TOO_LARGE'],
    [
      'an empty index',
      (layout: string) => writeFileSync(join(layout, 'index.json'), '{"schemaVersion":2,"manifests":[]}'),
      'MANIFEST_UNKNOWN',
    ],
    ['a null index', (layout: string) => writeFileSync(join(layout, 'index.json'), 'null'), 'MANIFEST_INVALID'],
    ['no blobs', (layout: string) => rmSync(join(layout, 'blobs'), { recursive: true }), 'BLOB_UNKNOWN'],
    [
      'a fifo',
      (layout: string) => execFileSync('sh', ['-c', 'rm $0 && mkfifo $0', join(layout, 'index.json')]),
      'LAYOUT_INVALID',
    ],
  ] as const)('refuses a layout with %s', async (what, harm, code) => {
    const layout = await layoutWith(`harm-${what.replaceAll(' ', '-')}`, 'v0')
    harm(layout)
    await expect(resolve(`oci:${layout}:v0`)).rejects.toMatchObject({ code })
  })

  it('refuses digests that are paths', async () => {
    const layout = join(folder, 'paths')
    mkdirSync(layout)
    writeFileSync(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
    const digest = 'sha256:../../../../etc/passwd'
    writeFileSync(
      join(layout, 'index.json'),
      JSON.stringify({ schemaVersion: 2, manifests: [{ mediaType: 'x', digest, size: 1 }] }),
    )
    await expect(resolve(`oci:${layout}`)).rejects.toMatchObject({ code: 'DIGEST_INVALID' })
  })
})
