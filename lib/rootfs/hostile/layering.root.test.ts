import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { collect } from '../../bytes/collect.ts'
import { writeTar } from '../../bytes/writeTar.ts'
import { testFolder } from '../../transport/testImages.ts'
import { folderDiff } from '../diff.ts'
import { mountOverlay, unmount } from '../overlay.ts'
import { Snapshots } from '../snapshots.ts'
import { imageWith, type Member } from '../testLayers.ts'
import { readTree, readXattrs } from '../testTree.ts'
import { TreeLower, treeOf } from '../treeLower.ts'
import { unpack } from '../unpack.ts'
import { imageOfLayers } from './testCase.ts'

const folder = testFolder()
const SWEEP = process.env.OCILAB_SWEEP === '1'
const RUNS = { seed: Number(process.env.OCILAB_SEED ?? 1), numRuns: SWEEP ? 3000 : 40 }
let next = 0

async function inNewFolder(work: (at: (name: string) => string) => Promise<void>): Promise<void> {
  const home = join(folder, String(next++))
  mkdirSync(home)
  try {
    await work(name => join(home, name))
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

const look = (path: string) => ({ tree: readTree(path), xattrs: readXattrs(path) })

/** Without what a folder that no layer speaks of has: the time it was made. */
const lookTimeless = (path: string) =>
  Object.entries(readTree(path)).map(([name, it]) => [
    name,
    { ...it, links: undefined, mtime: it.type === 'directory' ? '' : it.mtime },
  ])

const byte = fc.integer({ min: 1, max: 255 }).filter(it => it !== 0x2f && it !== 0x2e)
const name = fc.oneof(
  fc.constantFrom('a', 'b', 'c', '__proto__', 'caf\xe9', '\xff'),
  fc.array(byte, { minLength: 1, maxLength: 12 }).map(bytes => Buffer.from(bytes).toString('latin1')),
)
const common = fc.record({
  mode: fc.integer({ min: 0, max: 0o7777 }),
  uid: fc.constantFrom(0, 1, 65534, 2 ** 31, 2 ** 32 - 2),
  gid: fc.constantFrom(0, 5, 2 ** 31),
  mtime: fc.record({
    seconds: fc.integer({ min: -1000, max: 2 ** 33 }),
    nanoseconds: fc.integer({ min: 0, max: 999_999_999 }),
  }),
  xattrs: fc
    .dictionary(fc.constantFrom('user.a', 'trusted.b'), fc.uint8Array({ maxLength: 9 }))
    .map(it => new Map(Object.entries(it).map(([key, value]) => [key, Buffer.from(value)]))),
})
const leaf: fc.Arbitrary<Member> = fc
  .tuple(common, fc.constantFrom('file', 'symlink', 'fifo', 'character'), fc.string({ maxLength: 8 }))
  .map(([meta, type, text]): Member => {
    if (type === 'symlink') return { ...meta, type, linkpath: `x${text.replaceAll('\0', '')}`, xattrs: new Map() }
    // user.* is for files and folders only.
    if (type !== 'file')
      return { ...meta, type: type as 'fifo', devmajor: type === 'character' ? 1 : 0, xattrs: new Map() }
    return { ...meta, type, body: Buffer.from(text).toString('latin1') }
  })

interface Tree {
  [name: string]: Member | Tree
}
const { tree } = fc.letrec<{ tree: Tree }>(tie => ({
  tree: fc.dictionary(name, fc.oneof({ maxDepth: 3, depthIdentifier: 'd' }, leaf, tie('tree')), {
    maxKeys: 4,
  }) as fc.Arbitrary<Tree>,
}))

/** The members of a tree, each folder before what is in it. */
function membersOf(it: Tree, above = ''): [string, Member][] {
  return Object.entries(it).flatMap(([key, value]): [string, Member][] => {
    if (typeof (value as Member).mode === 'number') return [[above + key, value as Member]]
    return [
      [`${above}${key}/`, { mode: 0o751, mtime: { seconds: 5, nanoseconds: 6 } }],
      ...membersOf(value as Tree, `${above}${key}/`),
    ]
  })
}

describe('properties', () => {
  it('a tree, its layer, and what that unpacks to are one tree', { timeout: 3_000_000 }, () =>
    fc.assert(
      fc.asyncProperty(tree, it_ =>
        inNewFolder(async at => {
          await unpack(
            await imageOfLayers([[['./', { mtime: { seconds: 1, nanoseconds: 2 } }], ...membersOf(it_)]]),
            at('first'),
          )
          const nothing = new TreeLower(await treeOf([]))
          const tar = await collect(writeTar(folderDiff(at('first'), nothing)))
          await unpack(await imageOfLayers([Buffer.from(tar)]), at('second'))
          const [first, second] = [look(at('first')), look(at('second'))]
          // A layer of changes says nothing of the root.
          delete first.tree['.']
          delete second.tree['.']
          expect(second).toEqual(first)
        }),
      ),
      RUNS,
    ),
  )

  const paths = ['a', 'a/b', 'a/b/c', 'a/d', 'e', 'e/f']
  // As docker writes layers: with the folders above each member, and no whiteout of what it adds.
  const change = fc.oneof(
    fc.constantFrom(...paths).map((path): [string, Member] => [path, { body: path }]),
    fc
      .tuple(fc.constantFrom(...paths), fc.constantFrom(0o700, 0o755))
      .map(([path, mode]): [string, Member] => [`${path}/`, { mode }]),
    fc.constantFrom(...paths).map((path): [string, Member] => [path.replace(/[^/]+$/, '.wh.$&'), {}]),
    fc.constantFrom('a', 'a/b', 'e').map((path): [string, Member] => [`${path}/.wh..wh..opq`, {}]),
  )

  it('layers unpack to what overlayfs shows of them', { timeout: 3_000_000 }, () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(change, { maxLength: 5 }).map(wellFormed), { minLength: 1, maxLength: 4 }),
        layers =>
          inNewFolder(async at => {
            const image = await imageWith(...layers.map(layer => Object.fromEntries(layer)))
            await unpack(image, at('flat'))
            for (const each of ['upper', 'work', 'merged', 'store']) mkdirSync(at(each))
            const lower = await new Snapshots(at('store')).lower(image.layers, 0)
            await mountOverlay({ lower, upper: at('upper'), work: at('work') }, at('merged'))
            try {
              // The kernel lists a whiteout that hides nothing, though it is not there: a copy leaves it out.
              spawnSync('cp', ['-a', at('merged'), at('copied')])
              expect(lookTimeless(at('copied'))).toEqual(lookTimeless(at('flat')))
            } finally {
              await unmount(at('merged'))
            }
          }),
      ),
      RUNS,
    ),
  )
})

/** A layer that could be: each of its members under folders of its own, nothing below a file, nothing twice. */
function wellFormed(changes: [string, Member][]): [string, Member][] {
  const layer = new Map<string, Member>()
  const plain = (path: string) => path.replace(/\/$/, '')
  const isHidden = (path: string) => /(^|\/)\.wh\./.test(path)
  for (const [path, it] of changes) {
    const parts = plain(path).split('/')
    const above = parts.slice(0, -1).map((_, at) => parts.slice(0, at + 1).join('/'))
    const files = [...layer.keys()].filter(key => !key.endsWith('/') && !isHidden(key))
    if (above.some(folder => files.includes(folder))) continue
    if ([...layer.keys()].some(key => plain(key) === plain(path) || key.startsWith(`${plain(path)}/`))) continue
    for (const folder of above) if (!layer.has(`${folder}/`)) layer.set(`${folder}/`, { mode: 0o755 })
    layer.set(path, it)
  }
  return [...layer]
}
