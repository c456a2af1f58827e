import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { collect } from '../../bytes/collect.ts'
import type { TarInput } from '../../bytes/tar.ts'
import { writeTar } from '../../bytes/writeTar.ts'
import { digestOf, hexOf } from '../../spec/digest.ts'
import { parseReference } from '../../spec/reference.ts'
import { copy } from '../copy.ts'
import { parseTransport } from '../parse.ts'
import { tarWith, testFolder, testImage, testSource, tree } from '../testImages.ts'
import { saveImages } from './save.ts'

const folder = testFolder()
const layer = await tarWith('hello', 'hello')
const otherLayer = await tarWith('hello', 'jello')
const config = JSON.stringify({
  architecture: 'amd64',
  os: 'linux',
  rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
})
const item = { Config: 'config.json', RepoTags: ['demo:v0'], Layers: ['a/layer.tar'] }
const members = { 'config.json': config, 'a/layer.tar': layer, 'manifest.json': JSON.stringify([item]) }

type Content = string | Uint8Array | { to: string; type?: 'symlink' | 'hardlink' }

/** An archive with these members, in this order. */
async function archive(name: string, content: Record<string, Content> | [string, Content][]): Promise<string> {
  const entries = Array.isArray(content) ? content : Object.entries(content)
  const inputs = entries.map(([path, it]): TarInput => {
    if (typeof it === 'object' && 'to' in it)
      return { path: Buffer.from(path), type: it.type ?? 'symlink', linkpath: Buffer.from(it.to) }
    return { path: Buffer.from(path), type: 'file', body: Buffer.from(it) }
  })
  const file = join(folder, name)
  writeFileSync(file, await collect(writeTar(inputs)))
  return file
}

async function read(name: string): Promise<{ diffId: string; text: string }> {
  const source = await parseTransport(name).source()
  try {
    const [first] = (await source.resolve()).layers
    return { diffId: first!.diffId, text: Buffer.from(await collect(first!.uncompressed())).toString('latin1') }
  } finally {
    await source.close()
  }
}

const list = (file: string) => execFileSync('tar', ['-tf', file], { encoding: 'utf8' }).trim().split('\n')
const member = (file: string, name: string) => execFileSync('tar', ['-xOf', file, name], { encoding: 'utf8' })
const leftovers = () =>
  readdirSync(tmpdir()).filter(name => name.startsWith('.ocilab.') && name.includes(`.${process.pid}.`))

describe('docker-archive: read', () => {
  it.each([
    ['manifest last', members],
    ['manifest first', Object.fromEntries(Object.entries(members).reverse())],
    ['dots', { './config.json': config, './a/layer.tar': layer, './manifest.json': members['manifest.json'] }],
    ['a symlink', { ...members, 'a/layer.tar': { to: '../b.tar' }, 'b.tar': layer }],
    [
      'a link to a link',
      {
        ...members,
        'a/layer.tar': { to: 'x' },
        'a/x': { to: '../b.tar', type: 'hardlink' },
        'b.tar': { to: './c.tar' },
        'c.tar': layer,
      } as Record<string, Content>,
    ],
  ] as [string, Record<string, Content>][])('finds everything with %s', async (what, content) => {
    if (what.includes('link to')) content['a/x'] = { to: 'b.tar', type: 'hardlink' }
    const file = await archive(`${what}.tar`.replaceAll(' ', '-'), content)
    expect((await read(`docker-archive:${file}`)).diffId).toBe(digestOf(layer))
    expect((await read(`docker-archive:${file}:demo:v0`)).text).toContain('hello')
  })

  it('takes the later of two members with one name', async () => {
    const wrong = JSON.stringify([{ ...item, Config: 'nothing' }])
    const file = await archive('double.tar', [['manifest.json', wrong], ...Object.entries(members)])
    expect((await read(`docker-archive:${file}`)).diffId).toBe(digestOf(layer))
  })

  it.each([
    ['gzip', '-nf'],
    ['zstd', '-qf'],
  ])('reads an archive compressed with %s, and removes what it unpacked', async (program, flags) => {
    const file = await archive(`packed-${program}.tar`, members)
    execFileSync(program, [flags, file])
    expect((await read(`docker-archive:${file}.${program === 'gzip' ? 'gz' : 'zst'}`)).text).toContain('hello')
    expect(leftovers()).toEqual([])
  })

  it('reads an archive from a pipe', async () => {
    const file = await archive('for-pipe.tar', members)
    const fifo = join(folder, 'fifo')
    execFileSync('mkfifo', [fifo])
    const writer = import('node:child_process').then(({ spawn }) => spawn('sh', ['-c', `cat ${file} > ${fifo}`]))
    expect((await read(`docker-archive:${fifo}`)).text).toContain('hello')
    await writer
  })

  it('reads layers that are compressed themselves', async () => {
    const packed = execFileSync('gzip', ['-nc'], { input: layer })
    const file = await archive('gzip-layer.tar', { ...members, 'a/layer.tar': packed })
    expect((await read(`docker-archive:${file}`)).text).toContain('hello')
    const result = await copy(`docker-archive:${file}`, `dir:${join(folder, 'from-gzip-layer')}`)
    expect(statSync(join(folder, 'from-gzip-layer', hexOf(digestOf(layer)))).size).toBe(layer.length)
    expect(result.copied).toBe(2)
  })

  it('asks which of several images', async () => {
    const two = JSON.stringify([item, { ...item, RepoTags: ['other/name:v1', 'third'] }, { ...item, RepoTags: null }])
    const file = await archive('several.tar', { ...members, 'manifest.json': two })
    await expect(read(`docker-archive:${file}`)).rejects.toThrow(
      /3 images, choose one: demo:v0, other\/name:v1, third, @2/,
    )
    await expect(read(`docker-archive:${file}:nope`)).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' })
    await expect(read(`docker-archive:${file}:@3`)).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' })
    for (const choice of ['other/name:v1', 'third', '@2']) await read(`docker-archive:${file}:${choice}`)
  })

  it.each([
    ['no manifest', { 'config.json': config }, 'ARCHIVE_INVALID'],
    ['a null manifest', { ...members, 'manifest.json': 'null' }, 'ARCHIVE_INVALID'],
    ['an empty manifest', { ...members, 'manifest.json': '[]' }, 'ARCHIVE_INVALID'],
    ['a null image', { ...members, 'manifest.json': '[null]' }, 'ARCHIVE_INVALID'],
    ['a manifest that is no JSON', { ...members, 'manifest.json': '[{' }, 'ARCHIVE_INVALID'],
    ['only v1', { repositories: '{}', 'a/json': '{}', 'a/VERSION': '1.0', 'a/layer.tar': layer }, 'UNSUPPORTED'],
    ['an oci layout', { 'oci-layout': '{}', 'index.json': '{}' }, 'ARCHIVE_INVALID'],
    ['a missing layer', { 'config.json': config, 'manifest.json': members['manifest.json'] }, 'ARCHIVE_INVALID'],
    [
      'a layer out of the archive',
      { ...members, 'manifest.json': JSON.stringify([{ ...item, Layers: ['../../etc/passwd'] }]) },
      'ARCHIVE_INVALID',
    ],
    [
      'an absolute layer',
      { ...members, 'manifest.json': JSON.stringify([{ ...item, Layers: ['/etc/passwd'] }]) },
      'ARCHIVE_INVALID',
    ],
    ['a link out of the archive', { ...members, 'a/layer.tar': { to: '../../../../etc/passwd' } }, 'ARCHIVE_INVALID'],
    ['an absolute link', { ...members, 'a/layer.tar': { to: '/etc/passwd' } }, 'ARCHIVE_INVALID'],
    ['links in a circle', { ...members, 'a/layer.tar': { to: 'b' }, 'a/b': { to: 'layer.tar' } }, 'ARCHIVE_INVALID'],
    [
      'a config out of the archive',
      { ...members, 'manifest.json': JSON.stringify([{ ...item, Config: '../config.json' }]) },
      'ARCHIVE_INVALID',
    ],
    [
      'too many layers',
      { ...members, 'manifest.json': JSON.stringify([{ ...item, Layers: ['a/layer.tar', 'a/layer.tar'] }]) },
      'ARCHIVE_INVALID',
    ],
    ['another layer than promised', { ...members, 'a/layer.tar': otherLayer }, 'DIGEST_INVALID'],
    ['a config that is none', { ...members, 'config.json': '{}' }, 'MANIFEST_INVALID'],
  ] as [string, Record<string, Content>, string][])('refuses an archive with %s', async (what, content, code) => {
    const file = await archive(`bad-${what}.tar`.replaceAll(' ', '-'), content)
    // What leads out is refused as such: that it is not found there would be luck.
    const message = what.includes('out of') || what.includes('absolute') ? 'out of the archive' : ''
    await expect(read(`docker-archive:${file}`)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    })
  })

  it('refuses what is cut short, no tar, not there, or packed with xz', async () => {
    const whole = readFileSync(await archive('whole.tar', members))
    const cut = join(folder, 'cut.tar')
    for (const length of [0, 100, 700, 1600, 3000]) {
      writeFileSync(cut, whole.subarray(0, length))
      await expect(read(`docker-archive:${cut}`)).rejects.toMatchObject({ code: 'ARCHIVE_INVALID' })
    }
    writeFileSync(cut, 'x'.repeat(5000))
    await expect(read(`docker-archive:${cut}`)).rejects.toMatchObject({ code: 'ARCHIVE_INVALID' })
    writeFileSync(cut, '\xfd7zXZ\0......', 'latin1')
    await expect(read(`docker-archive:${cut}`)).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    await expect(read(`docker-archive:${folder}/nope.tar`)).rejects.toMatchObject({ code: 'ARCHIVE_INVALID' })
    await expect(read(`docker-archive:${folder}`)).rejects.toMatchObject({ code: 'ARCHIVE_INVALID' })
    expect(leftovers()).toEqual([])
  })
})

describe('docker-archive: written', () => {
  it("has Docker's older layout: a folder for each layer", async () => {
    const file = join(folder, 'legacy.tar')
    await copy(await testSource(), `docker-archive:${file}:demo:v0`, { profile: '2020' })
    const [image] = JSON.parse(member(file, 'manifest.json'))
    expect(image.RepoTags).toEqual(['demo:v0'])
    const folders = image.Layers.map((path: string) => path.split('/')[0])
    const inFolder = (name: string) => [`${name}/`, `${name}/VERSION`, `${name}/json`, `${name}/layer.tar`]
    expect(list(file)).toEqual([
      ...[...folders.flatMap(inFolder), image.Config].sort(),
      'manifest.json',
      'repositories',
    ])
    expect(member(file, `${folders[0]}/VERSION`)).toBe('1.0')
    expect(JSON.parse(member(file, `${folders[1]}/json`))).toMatchObject({ id: folders[1], parent: folders[0] })
    expect(member(file, 'repositories')).toBe(`{"demo":{"v0":"${folders[1]}"}}\n`)
  })

  it("has Docker's layout since 25: an OCI layout of bare tars, and manifest.json beside", async () => {
    const file = join(folder, 'current.tar')
    const image = await testImage()
    await copy(await testSource(), `docker-archive:${file}:demo:v0`)
    const outer = list(file).filter(name => !name.startsWith('blobs/sha256/'))
    expect(outer).toEqual(['blobs/', 'index.json', 'manifest.json', 'oci-layout', 'repositories'])
    const [archived] = JSON.parse(member(file, 'manifest.json'))
    expect(archived.Layers).toEqual(image.layers.map(it => `blobs/sha256/${hexOf(it.diffId)}`))
    const [only] = JSON.parse(member(file, 'index.json')).manifests
    expect(only.annotations).toEqual({
      'io.containerd.image.name': 'docker.io/library/demo:v0',
      'org.opencontainers.image.ref.name': 'v0',
    })
    const source = await parseTransport(`oci-archive:${file}:v0`).source()
    expect((await source.resolve()).config).toEqual(image.config)
    await source.close()
  })

  it('has null for names and no repositories when there is no name', async () => {
    const file = join(folder, 'nameless.tar')
    await copy(await testSource(), `docker-archive:${file}`)
    expect(JSON.parse(member(file, 'manifest.json'))[0].RepoTags).toBe(null)
    expect(list(file)).not.toContain('repositories')
  })

  it('does not touch an archive that is there, but fills an empty file', async () => {
    const file = join(folder, 'there.tar')
    writeFileSync(file, '')
    await copy(await testSource(), `docker-archive:${file}:demo:v0`)
    const before = readFileSync(file)
    await expect(copy(await testSource(), `docker-archive:${file}:demo:v1`)).rejects.toMatchObject({
      code: 'TARGET_EXISTS',
    })
    expect(readFileSync(file).equals(before)).toBe(true)
    await expect(copy(await testSource(), `docker-archive:${folder}/no/folder.tar:@1`)).rejects.toMatchObject({
      code: 'REFERENCE_INVALID',
    })
  })

  it('keeps two images with a layer in common, the layer once', async () => {
    const [a, b] = [await testImage(['base', 'a']), await testImage(['base', 'b'])]
    const tags = (name: string) => [{ ...parseReference(name), tag: 'v0' }]
    for (const profile of ['2020', 'current'] as const) {
      const file = join(folder, `two-${profile}.tar`)
      await saveImages(
        [
          { image: a, tags: tags('a') },
          { image: b, tags: tags('b') },
        ],
        file,
        { profile },
      )
      const big = execFileSync('tar', ['-tvf', file], { encoding: 'utf8' })
        .split('\n')
        .filter(line => / [1-9]\d{3,} /.test(line) && !line.includes('json'))
      expect(big).toHaveLength(3)
      expect(JSON.parse(member(file, 'repositories'))).toHaveProperty('b.v0')
      expect((await read(`docker-archive:${file}:b:v0`)).diffId).toBe(b.layers[0]!.diffId)
    }
  })

  it('links a tar that an image has twice', async () => {
    const file = join(folder, 'twice.tar')
    await copy(await testSource(['same', 'other', 'same']), `docker-archive:${file}`, { profile: '2020' })
    const links = execFileSync('tar', ['-tvf', file], { encoding: 'utf8' }).match(
      /layer\.tar -> \.\.\/[0-9a-f]{64}\/layer\.tar/g,
    )
    expect(links).toHaveLength(1)
    await copy(`docker-archive:${file}`, `oci:${join(folder, 'twice')}:v0`)
  })

  it('leaves nothing beside itself', () => {
    expect(tree(folder).filter(name => name.includes('.ocilab'))).toEqual([])
  })
})
