import { expect, it } from 'vitest'
import { collect } from '../../bytes/collect.ts'
import { writeTar } from '../../bytes/writeTar.ts'
import { isOciError } from '../../errors.ts'
import { layerChanges } from '../../image/changes.ts'
import { imageWith, type Member } from '../../rootfs/testLayers.ts'
import { layerExplorer } from './layerExplorer.ts'
import { manifestGraph } from './manifestGraph.ts'
import { tarFields, tarHeaderPicture } from './tarHeader.ts'
import { readMermaid } from './testMermaid.ts'

const image = await imageWith(
  { 'etc/passwd': { body: 'root' }, 'opt/a': { body: '12345' }, 'opt/b': { body: '1' } },
  { './etc/passwd': { body: 'root2' }, 'opt/.wh.a': {}, 'new\x1b[2J': { body: '' } },
  { 'opt/c': { body: 'c' }, 'opt/.wh..wh..opq': {} },
)

it('tells which layer adds, replaces and hides what', async () => {
  const layers = await layerChanges(image)
  expect(layers.map(({ changes }) => changes.map(({ kind, path, wasted }) => `${kind} ${path} ${wasted}`))).toEqual([
    ['add etc/passwd 0', 'add opt/a 0', 'add opt/b 0'],
    ['replace etc/passwd 4', 'hide opt/a 5', 'add new\x1b[2J 0'],
    ['add opt/c 0', 'opaque opt 1'],
  ])
  expect(layers.map(({ size, wasted }) => [size, wasted])).toEqual([
    [10, 0],
    [5, 9],
    [1, 1],
  ])
})

it.each<[string, Record<string, Member>, Record<string, Member>, number]>([
  [
    'a folder over a folder keeps what is in it',
    { 'd/': { type: 'directory' }, 'd/a': { body: 'a' } },
    { 'd/': { type: 'directory' } },
    0,
  ],
  [
    'a file over a folder replaces all of it',
    { 'd/': { type: 'directory' }, 'd/a': { body: 'abc' } },
    { d: { body: '' } },
    3,
  ],
  ['a whiteout of nothing wastes nothing', { a: { body: 'a' } }, { '.wh.b': {} }, 0],
  ['a name that only begins alike stays', { ab: { body: 'a' } }, { '.wh.a': {} }, 0],
])('%s', async (_name, below, above, wasted) => {
  const layers = await layerChanges(await imageWith(below, above))
  expect(layers[1]!.wasted).toBe(wasted)
})

it('shows layers as a table, a list, and folded lists for a browser', async () => {
  const { text, html } = layerExplorer(await layerChanges(image)).en
  expect(text).toContain('3 layers, 16 B of files, 10 B of them hidden or replaced')
  expect(text).toContain('  ~ /etc/passwd 5 B hides 4 B\n  - /opt/a hides 5 B\n  + /new\\x1b[2J 0 B')
  expect(html!.match(/<details>/g)).toHaveLength(3)
  expect(html).not.toContain('\x1b')
})

it('draws who names whom by digest', async () => {
  const { mermaid, text } = manifestGraph(image, 'v0').en
  await readMermaid(mermaid!)
  expect(text.split('\n')).toHaveLength(2 + 1 + 2 * 3)
  for (const { descriptor, diffId } of image.layers) {
    expect(text).toContain(descriptor.digest)
    expect(text).toContain(diffId)
  }
})

it('reads a tar header field by field', async () => {
  const tar = await collect(
    writeTar(
      (async function* () {
        yield {
          path: Buffer.from('etc/hosts'),
          type: 'file' as const,
          mode: 0o644,
          uid: 1000,
          body: Buffer.from('abc'),
        }
      })(),
    ),
  )
  const fields = Object.fromEntries(tarFields(tar.subarray(0, 512)).map(({ name, meaning }) => [name, meaning]))
  expect(fields).toMatchObject({
    name: 'etc/hosts',
    mode: 'rw-r--r--',
    uid: '1000',
    size: '3',
    typeflag: { en: 'file', zh: '文件' },
    magic: 'ustar',
  })
  expect(fields.chksum).toMatchObject({ en: expect.stringMatching(/^\d+, as it should be$/) })
  expect(tarHeaderPicture(tar.subarray(0, 512)).en.text).toMatch(
    / 0 {2}name .*65 74 63 2f 68 6f 73 74 73 00 × 91 .*etc\/hosts/,
  )

  const broken = tar.slice(0, 512)
  broken[0]! ^= 1
  expect(tarFields(broken).find(({ name }) => name === 'chksum')?.meaning).toMatchObject({
    en: expect.stringMatching(/but the bytes add up to/),
  })
  expect(() => tarFields(tar.subarray(0, 100))).toThrow(expect.toSatisfy(error => isOciError(error, 'TAR_INVALID')))
})
