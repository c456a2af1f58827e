import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { collect } from '../../bytes/collect.ts'
import { writeTar } from '../../bytes/writeTar.ts'
import { type Member, tarInput } from '../../rootfs/testLayers.ts'
import { digestOf } from '../../spec/digest.ts'
import type { Case, Expected } from './testCase.ts'
import { bytes, type Changes, type Json, LAYER, layoutAt, TAR } from './testLayout.ts'

type Members = [path: string, member: Member | Uint8Array | string][]

const CONFIG = JSON.stringify({
  architecture: 'amd64',
  os: 'linux',
  rootfs: { type: 'layers', diff_ids: [digestOf(TAR)] },
})
const IMAGE = { Config: 'c.json', RepoTags: ['demo:v0'], Layers: ['a/layer.tar'] }
const MEMBERS: Members = [
  ['c.json', CONFIG],
  ['a/layer.tar', TAR],
  ['manifest.json', JSON.stringify([IMAGE])],
]

const input = ([path, it]: Members[number]) =>
  typeof it === 'string' || it instanceof Uint8Array
    ? { ...tarInput(path, { type: 'file' }), body: Buffer.from(it) }
    : tarInput(path, it)
const packed = async (members: Members) => Buffer.from(await collect(writeTar(members.map(input))))

/** The same members, but for those that are given: of a name that is new, at the end; undefined for one that is left out. */
function but(changed: Record<string, Member | Uint8Array | string | undefined>): Members {
  const rest = MEMBERS.filter(([name]) => !(name in changed))
  const more = Object.entries(changed).filter((it): it is Members[number] => it[1] !== undefined)
  return [...rest, ...more]
}
const image = (changed: Json) => but({ 'manifest.json': JSON.stringify([{ ...IMAGE, ...changed }]) })
const manifest = (it: unknown) => but({ 'manifest.json': bytes(it) })
const layer = (it: Member | Uint8Array) => but({ 'a/layer.tar': it })

const archives = (
  table: [name: string, expected: Expected, content: Members | (() => Promise<Uint8Array>)][],
): Case[] =>
  table.map(([name, expected, content]) => ({
    name,
    expected,
    async make(folder) {
      writeFileSync(`${folder}/source`, Array.isArray(content) ? await packed(content) : await content())
      return `docker-archive:${folder}/source`
    },
  }))

const links = (count: number): Members => [
  ...but({ 'a/layer.tar': { linkpath: '../l1' } }),
  ...Array.from({ length: count - 1 }, (_, i): Members[number] => [`l${i + 1}`, { linkpath: `l${i + 2}` }]),
  [`l${count}`, TAR],
]

/** Archives of `docker save`, as a stranger packs them. */
export const dockerArchiveCases = archives([
  ['as it should be', 'whole', MEMBERS],
  ['no manifest.json', 'UNSUPPORTED', but({ 'manifest.json': undefined })],
  ['neither manifest.json nor layers', 'ARCHIVE_INVALID', [['c.json', CONFIG]]],
  ['manifest.json empty', 'ARCHIVE_INVALID', manifest('')],
  ['manifest.json null', 'ARCHIVE_INVALID', manifest('null')],
  ['manifest.json an object', 'ARCHIVE_INVALID', manifest(IMAGE)],
  ['manifest.json of no image', 'ARCHIVE_INVALID', manifest([])],
  ['manifest.json with a null', 'ARCHIVE_INVALID', manifest([null])],
  ['manifest.json with a list', 'ARCHIVE_INVALID', manifest([[]])],
  ['manifest.json cut short', 'ARCHIVE_INVALID', manifest('[{"Config":')],
  ['manifest.json with a byte order mark', 'ARCHIVE_INVALID', manifest(`\ufeff${JSON.stringify([IMAGE])}`)],
  ['manifest.json nested without an end', 'ARCHIVE_INVALID', manifest('['.repeat(1e5))],
  ['manifest.json without an end', 'TOO_LARGE', manifest(`[${' '.repeat(17 << 20)}`)],
  ['manifest.json a folder', 'ARCHIVE_INVALID', but({ 'manifest.json': { type: 'directory' } })],
  ['manifest.json a fifo', 'ARCHIVE_INVALID', but({ 'manifest.json': { type: 'fifo' } })],
  ['manifest.json a link out', 'ARCHIVE_INVALID', but({ 'manifest.json': { linkpath: '../victim/secret' } })],
  ['manifest.json a link to the host', 'ARCHIVE_INVALID', but({ 'manifest.json': { linkpath: '/etc/hostname' } })],
  ['manifest.json a hardlink out', 'ARCHIVE_INVALID', but({ 'manifest.json': { type: 'hardlink', linkpath: '../x' } })],
  [
    'manifest.json a link inside',
    'whole',
    [...but({ 'manifest.json': { linkpath: 'm' } }), ['m', JSON.stringify([IMAGE])]],
  ],
  [
    'manifest.json above',
    'UNSUPPORTED',
    [...but({ 'manifest.json': undefined }), ['../manifest.json', JSON.stringify([IMAGE])]],
  ],
  ['manifest.json twice, the later one right', 'whole', [['manifest.json', '[]'], ...MEMBERS]],
  ['manifest.json twice, the later one wrong', 'ARCHIVE_INVALID', [...MEMBERS, ['./manifest.json', '[]']]],
  ['manifest.json first', 'whole', [...MEMBERS].reverse()],
  ['two images', 'ARCHIVE_INVALID', manifest([IMAGE, { ...IMAGE, RepoTags: ['other'] }])],
  ['Config missing', 'ARCHIVE_INVALID', image({ Config: undefined })],
  ['Config a number', 'ARCHIVE_INVALID', image({ Config: 1 })],
  ['Config empty', 'ARCHIVE_INVALID', image({ Config: '' })],
  ['Config above', 'ARCHIVE_INVALID', image({ Config: '../victim/secret' })],
  ['Config above, by way of a folder', 'ARCHIVE_INVALID', image({ Config: 'a/../../c.json' })],
  ['Config on the host', 'ARCHIVE_INVALID', image({ Config: '/etc/hostname' })],
  ['Config with NUL', 'ARCHIVE_INVALID', image({ Config: 'c.json\0' })],
  ['Config a folder', 'ARCHIVE_INVALID', but({ 'c.json': { type: 'directory' } })],
  ['Config a link out', 'ARCHIVE_INVALID', but({ 'c.json': { linkpath: '../victim/secret' } })],
  ['Config not there', 'ARCHIVE_INVALID', but({ 'c.json': undefined })],
  ['Config no JSON', 'MANIFEST_INVALID', but({ 'c.json': 'c' })],
  ['Config over 8 MiB', 'TOO_LARGE', but({ 'c.json': CONFIG + ' '.repeat(9 << 20) })],
  ['Layers null', 'ARCHIVE_INVALID', image({ Layers: null })],
  ['Layers a text', 'ARCHIVE_INVALID', image({ Layers: 'a/layer.tar' })],
  ['Layers with a null', 'ARCHIVE_INVALID', image({ Layers: [null] })],
  ['Layers with one too many', 'ARCHIVE_INVALID', image({ Layers: ['a/layer.tar', 'a/layer.tar'] })],
  ['a layer above', 'ARCHIVE_INVALID', image({ Layers: ['../victim/secret'] })],
  ['a layer far above', 'ARCHIVE_INVALID', image({ Layers: ['../../../../../../../../etc/hostname'] })],
  ['a layer on the host', 'ARCHIVE_INVALID', image({ Layers: ['/etc/hostname'] })],
  ['a layer with backslashes', 'ARCHIVE_INVALID', image({ Layers: ['..\\victim\\secret'] })],
  ['a layer without a name', 'ARCHIVE_INVALID', image({ Layers: [''] })],
  ['a layer called .', 'ARCHIVE_INVALID', image({ Layers: ['.'] })],
  ['a layer called __proto__', 'ARCHIVE_INVALID', image({ Layers: ['__proto__'] })],
  ['a layer by a longer way', 'whole', image({ Layers: ['./b/..//a/layer.tar'] })],
  ['a layer that is a folder', 'ARCHIVE_INVALID', layer({ type: 'directory' })],
  ['a layer that is a fifo', 'ARCHIVE_INVALID', layer({ type: 'fifo' })],
  ['a layer that is a device', 'ARCHIVE_INVALID', layer({ type: 'character', devmajor: 1, devminor: 5 })],
  ['a layer that is a link out', 'ARCHIVE_INVALID', layer({ linkpath: '../../victim/secret' })],
  ['a layer that is a link to the host', 'ARCHIVE_INVALID', layer({ linkpath: '/etc/hostname' })],
  ['a layer that is a link to what never ends', 'ARCHIVE_INVALID', layer({ linkpath: '/dev/zero' })],
  ['a layer that is a link to itself', 'ARCHIVE_INVALID', layer({ linkpath: 'layer.tar' })],
  ['a layer that is a link to nothing', 'ARCHIVE_INVALID', layer({ linkpath: 'nothing' })],
  ['a layer that is a hardlink out', 'ARCHIVE_INVALID', layer({ type: 'hardlink', linkpath: '../victim/secret' })],
  ['a layer by sixteen links', 'ARCHIVE_INVALID', links(16)],
  ['a layer by fifteen links', 'whole', links(15)],
  ['a layer twice, the later one right', 'whole', [['a/layer.tar', Buffer.alloc(1024)], ...MEMBERS]],
  [
    'a layer twice, the later one wrong',
    { blob: 'DIGEST_INVALID' },
    [...MEMBERS, ['a/layer.tar', Buffer.alloc(10_240)]],
  ],
  ['a layer of gzip', 'whole', layer(LAYER)],
  ['a layer of zstd', 'whole', layer(zstdCompressSync(TAR))],
  ['a layer of gzip cut short', 'GZIP_INVALID', layer(LAYER.subarray(0, -6))],
  ['a layer of nothing', { blob: 'DIGEST_INVALID' }, layer(Buffer.alloc(0))],
  ['RepoTags null', 'whole', image({ RepoTags: null })],
  ['RepoTags a text', 'ARCHIVE_INVALID', image({ RepoTags: 'demo:v0' })],
  ['RepoTags with a number', 'ARCHIVE_INVALID', image({ RepoTags: [1] })],
  ['RepoTags with what is no name', 'whole', image({ RepoTags: ['../..', 'UPPER', '', '\x1b[2J'] })],
  ['repositories that contradict', 'whole', but({ repositories: '{"demo":{"v0":"nothing"}}' })],
  ['repositories no JSON', 'whole', but({ repositories: 'x' })],
  ['repositories a link out', 'whole', but({ repositories: { linkpath: '../victim/secret' } })],
  [
    'an index.json that contradicts',
    'whole',
    but({ 'index.json': '{"schemaVersion":2,"manifests":[]}', 'oci-layout': '{}' }),
  ],
  [
    'only what Docker wrote before 1.10',
    'UNSUPPORTED',
    [
      ['a/json', '{}'],
      ['a/VERSION', '1.0'],
      ['a/layer.tar', TAR],
      ['repositories', '{}'],
    ],
  ],
  [
    'an oci-archive',
    'ARCHIVE_INVALID',
    [
      ['oci-layout', '{}'],
      ['index.json', '{}'],
    ],
  ],
  ['members that nobody asks for', 'whole', [['../../victim/secret', 'X'], ['/victim', { linkpath: '/' }], ...MEMBERS]],
  ['a hundred thousand of them', 'whole', async () => Buffer.concat([await many(100_000), await packed(MEMBERS)])],
  ['nothing', 'ARCHIVE_INVALID', async () => Buffer.alloc(0)],
  ['zeros', 'ARCHIVE_INVALID', async () => Buffer.alloc(10_240)],
  ['no tar', 'ARCHIVE_INVALID', async () => Buffer.alloc(10_240, 'x')],
  ['a header with a wrong sum', 'ARCHIVE_INVALID', async () => changed(await packed(MEMBERS), 0)],
  ['cut short in a layer', 'ARCHIVE_INVALID', async () => (await packed(MEMBERS)).subarray(0, 1500)],
  ['something after its end', 'whole', async () => Buffer.concat([await packed(MEMBERS), Buffer.from('tail')])],
  ['gzip', 'whole', async () => gzipSync(await packed(MEMBERS))],
  ['gzip cut short', 'GZIP_INVALID', async () => gzipSync(await packed(MEMBERS)).subarray(0, -6)],
  ['gzip of something else', 'ARCHIVE_INVALID', async () => gzipSync('something else')],
  ['zstd', 'whole', async () => zstdCompressSync(await packed(MEMBERS))],
  ['xz', 'UNSUPPORTED', async () => execFileSync('xz', ['-c'], { input: await packed(MEMBERS) })],
  ['bzip2', 'UNSUPPORTED', async () => execFileSync('bzip2', ['-c'], { input: await packed(MEMBERS) })],
])

/** The layouts of other tables, packed: what they hold is refused in the same words. */
export const packedLayout = (it: Case): Case => ({
  ...it,
  async make(folder, secret) {
    await it.make(folder, secret)
    execFileSync('tar', ['-C', `${folder}/source`, '-cf', `${folder}/source.tar`, '.'])
    execFileSync('rm', ['-r', `${folder}/source`])
    return `oci-archive:${folder}/source.tar:v0`
  },
})

const ociArchives = (table: [name: string, expected: Expected, change: Changes, members?: string[]][]): Case[] =>
  table.map(([name, expected, change, members = ['.']]) => ({
    name,
    expected,
    make(folder, secret) {
      layoutAt(`${folder}/source`, secret, change)
      execFileSync('tar', ['-C', `${folder}/source`, '-P', '-cf', `${folder}/source.tar`, ...members])
      execFileSync('rm', ['-r', `${folder}/source`])
      return `oci-archive:${folder}/source.tar:v0`
    },
  }))

const linked = (what: 'index' | 'version' | 'manifest' | 'config' | 'layer', to: string): Changes => ({
  spoil: at => void execFileSync('ln', ['-sf', to, at[what]]),
})

/** What only an archive can do. */
export const ociArchiveCases = ociArchives([
  ['names with a slash before them', 'whole', {}, ['--transform=s,^\\./,/,', '.']],
  ['names from above', 'LAYOUT_INVALID', {}, ['--transform=s,^\\./,../,', '.']],
  ['another folder around it', 'LAYOUT_INVALID', {}, ['--transform=s,^\\./,x/,', '.']],
  ['no oci-layout', 'LAYOUT_INVALID', {}, ['index.json', 'blobs']],
  ['no blobs', 'BLOB_UNKNOWN', {}, ['index.json', 'oci-layout']],
  ['index.json a link out', 'ARCHIVE_INVALID', linked('index', '../victim/secret')],
  ['index.json a link to the host', 'ARCHIVE_INVALID', linked('index', '/etc/hostname')],
  ['oci-layout a link out', 'ARCHIVE_INVALID', linked('version', '../victim/secret')],
  ['the manifest a link out', 'ARCHIVE_INVALID', linked('manifest', '../../../victim/secret')],
  ['the config a link to the host', 'ARCHIVE_INVALID', linked('config', '/etc/hostname')],
  ['the layer a link out', { blob: 'ARCHIVE_INVALID' }, linked('layer', '../../../victim/secret')],
  ['the layer a link to what never ends', { blob: 'ARCHIVE_INVALID' }, linked('layer', '/dev/zero')],
  [
    'the layer a fifo',
    { blob: 'ARCHIVE_INVALID' },
    { spoil: at => void execFileSync('sh', ['-c', 'rm $0; mkfifo $0', at.layer]) },
  ],
])

async function many(count: number): Promise<Uint8Array> {
  const members = Array.from({ length: count }, (_, i): Members[number] => [`m/${i}`, { type: 'directory' }])
  // Without the two blocks that end an archive.
  return (await packed(members)).subarray(0, count * 512)
}

function changed(tar: Buffer, at: number): Buffer {
  const copy = Buffer.from(tar)
  copy[at]! ^= 1
  return copy
}
