import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { bytesOf, collect } from '../../bytes/collect.ts'
import { knownSentence, OciError } from '../../errors.ts'
import { flatten } from '../../image/flatten.ts'
import { Budget, type Limits } from '../../image/limits.ts'
import { parseImageConfig } from '../../spec/imageConfig.ts'
import { parseManifest } from '../../spec/manifest.ts'
import { testFolder } from '../../transport/testImages.ts'
import { readInRoot } from '../readInRoot.ts'
import { Snapshots } from '../snapshots.ts'
import { imageWith, type Member } from '../testLayers.ts'
import { readXattrs } from '../testTree.ts'
import { unpack } from '../unpack.ts'

const folder = testFolder()
const files = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`f${i}`, { body: 'x' }]))

it.each<[string, Partial<Limits>]>([
  ['entries', { entries: 9 }],
  ['bytes', { size: 9 * 1024 }],
])('too many %s of all layers together are refused', async (what, limits) => {
  const image = await imageWith(files(5), { ...files(5) })
  const target = join(folder, `many-${what}`)
  await expect(unpack(image, target, { limits })).rejects.toMatchObject({ code: 'TOO_LARGE' })
  expect(existsSync(target)).toBe(false)
  await expect(collect(flatten(image, { limits }))).rejects.toMatchObject({ code: 'TOO_LARGE' })
  await unpack(image, target, { limits: { entries: 10, size: 1 << 20 } })
  expect(readdirSync(target)).toHaveLength(5)
})

it('what unpacks to more than any honest packer packs is refused', async () => {
  const zeros = Buffer.alloc(64 << 20)
  async function* bomb() {
    for (let i = 0; i < 20; i++) yield zeros
  }
  const read = async () => {
    for await (const _ of new Budget().within(bomb(), 1000, 'layer'));
  }
  await expect(read()).rejects.toMatchObject({ code: 'TOO_LARGE', message: expect.stringContaining('layer: ') })
  await collect(new Budget().within(bytesOf(zeros), gzipSync(zeros).length, 'layer'))
})

it.each<[string, (raw: Buffer) => unknown]>([
  ['a manifest', raw => parseManifest(raw, 'it')],
  ['a config', raw => parseImageConfig(raw, 'it')],
])('%s that is nested a million deep is one short error', (_what, parse) => {
  for (const raw of [
    '['.repeat(1e6),
    `{"schemaVersion":${'['.repeat(1e6)}${']'.repeat(1e6)}}`,
    '{"a":'.repeat(500_000),
  ])
    expect(() => parse(Buffer.from(raw))).toThrow(expect.objectContaining({ code: 'MANIFEST_INVALID' }))
  try {
    parse(Buffer.from(`{"schemaVersion":"${'x'.repeat(1e6)}","rootfs":{"type":"${'x'.repeat(1e6)}"}}`))
    expect.unreachable()
  } catch (error) {
    expect((error as Error).message.length).toBeLessThan(1000)
  }
})

it('an error moves no cursor and ends no line, whatever a name says', () => {
  const error = new OciError('TAR_INVALID', 'layer: a\nocilab: done\x1b[2J\u009b: bad')
  expect(knownSentence(error)).toBe('layer: a\\x0aocilab: done\\x1b[2J\\x9b: bad [TAR_INVALID]')
})

it('folders deeper than a path is long are refused, and what was made of them is gone', {
  timeout: 60_000,
}, async () => {
  // Each link leads two thousand folders further down than the one before.
  const deep = 'd/'.repeat(1000)
  const layer: Record<string, Member> = { [deep]: {} }
  for (let i = 0; i < 4; i++) {
    layer[`l${i}`] = { linkpath: `${i === 0 ? '' : `l${i - 1}/`}${deep.slice(0, -1)}` }
    layer[`l${i}/${deep}`] = {}
  }
  const image = await imageWith(layer)
  const target = join(folder, 'deep')
  await expect(unpack(image, target)).rejects.toMatchObject({ code: 'TAR_INVALID' })
  expect(readdirSync(folder)).not.toContain('deep')
  expect(readdirSync(folder).filter(name => name.startsWith('.ocilab'))).toEqual([])
  await expect(collect(flatten(image))).rejects.toMatchObject({ code: 'TAR_INVALID' })
})

it('a layer for an overlay says nothing of what is above its folder', async () => {
  const store = join(folder, 'above', 'store')
  mkdirSync(store, { recursive: true })
  for (const name of ['../.wh..wh..opq', 'a/../../.wh..wh..opq', '../.wh.x'])
    await expect(new Snapshots(store).lower((await imageWith({ [name]: {} })).layers, 0)).rejects.toMatchObject({
      code: 'PATH_ESCAPES_ROOT',
    })
  expect(readXattrs(join(folder, 'above'))).not.toContain('opaque')
})

it('what is said of a folder is said anew by a later layer, attributes too', async () => {
  const was: Member = { mode: 0o700, uid: 7, xattrs: new Map([['user.was', Buffer.from('1')]]) }
  const target = join(folder, 'anew')
  await unpack(
    await imageWith({ 'd/': was, 'h/': was, 'h/old': {} }, { 'd/': { mode: 0o755 }, 'h/new': {}, '.wh.h': {} }),
    target,
  )
  expect(readXattrs(target)).not.toContain('user.was')
  writeFileSync(join(target, 'd/x'), 'x')
  expect(readInRoot(target, 'd/x', 10)?.toString()).toBe('x')
})

it('an interrupt stops in the middle of a file', async () => {
  const controller = new AbortController()
  async function* endless() {
    for (let i = 0; i < 100; i++) {
      if (i === 3) controller.abort(new Error('stop'))
      yield Buffer.alloc(1024)
    }
  }
  await expect(collect(new Budget().within(endless(), 1, 'layer', { signal: controller.signal }))).rejects.toThrow(
    'stop',
  )
})
