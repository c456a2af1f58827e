import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { readTar } from '../bytes/readTar.ts'
import type { TarInput } from '../bytes/tar.ts'
import { writeTar } from '../bytes/writeTar.ts'
import { isOciError } from '../errors.ts'
import { native } from '../kernel.ts'
import { BulkWriter } from './bulkWriter.ts'
import { LayerWriter } from './layerWriter.ts'
import { readTree } from './testTree.ts'

const home = mkdtempSync(join(tmpdir(), 'ocilab-bulk-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))
let count = 0

/** What two layers leave, entry by entry or in bulk: the tree, or the error. */
async function left(layers: TarInput[][], isBulk: boolean): Promise<unknown> {
  const folder = join(home, String(count++))
  mkdirSync(folder)
  const root = new (native().Root)(Buffer.from(folder))
  const writer = new LayerWriter(root, {})
  try {
    for (const members of layers) {
      writer.begin('layer')
      const bulk = new BulkWriter(root, writer, 'layer')
      for await (const entry of readTar(writeTar(members), 'layer'))
        await (isBulk ? bulk.apply(entry) : writer.apply(entry))
      await bulk.settle()
    }
    writer.finish()
    return readTree(folder)
  } catch (error) {
    if (!isOciError(error)) throw error
    return error.code
  } finally {
    root.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

// Few names, so that members meet: over one another, through links, under a file, before their folder.
const name = fc.constantFrom(
  'a',
  'b',
  'a/b',
  'a/c',
  'b/c',
  'a/b/c',
  'a/../b',
  '../x',
  'a/.wh.b',
  '.wh.a',
  'a/.wh..wh..opq',
)
const target = fc.constantFrom('a', 'b', '/a/b', '../b', 'nowhere', '..')
const member: fc.Arbitrary<TarInput> = fc
  .record({
    path: name,
    type: fc.constantFrom('file', 'file', 'directory', 'directory', 'symlink', 'hardlink', 'fifo'),
    linkpath: target,
    mode: fc.constantFrom(0o644, 0o755, 0o4711, 0o1777),
    uid: fc.constantFrom(0, 1000),
    gid: fc.constantFrom(0, 1000),
    seconds: fc.nat(2_000_000_000),
    size: fc.constantFrom(0, 3, 70_000),
  })
  .map(({ path, type, linkpath, seconds, size, ...rest }) => ({
    ...rest,
    ...{ path: Buffer.from(path), type: type as TarInput['type'], mtime: { seconds, nanoseconds: 5 } },
    ...(type.endsWith('link') && { linkpath: Buffer.from(linkpath) }),
    ...(type === 'file' && { body: Buffer.alloc(size, path) }),
  }))

describe('BulkWriter', () => {
  it('gives files the mode and owner of their header, whatever the umask takes and a folder hands down', async () => {
    const modes = [0o666, 0o777, 0o600, 0o4755, 0o2755, 0o0]
    const members = modes.map(
      (mode): TarInput => ({ path: Buffer.from(`f${mode}`), type: 'file', mode, uid: 0, gid: 0 }),
    )
    chownSync(home, 0, 1000)
    chmodSync(home, 0o2700)
    const before = process.umask(0o077)
    try {
      const tree = (await left([members], true)) as ReturnType<typeof readTree>
      expect(modes.map(mode => tree[`f${mode}`])).toMatchObject(
        modes.map(mode => ({ mode: mode.toString(8), owner: '0:0' })),
      )
    } finally {
      process.umask(before)
      chmodSync(home, 0o700)
    }
  })

  it('leaves what the same members leave one by one', () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.array(member, { maxLength: 9 }), { minLength: 1, maxLength: 2 }), async layers => {
        expect(withoutTimesOfFolders(await left(layers, true))).toEqual(
          withoutTimesOfFolders(await left(layers, false)),
        )
      }),
      { numRuns: 150 },
    ))

  it('makes more names than a batch holds, and as many bytes', async () => {
    const many = Array.from({ length: 600 }, (_, i): TarInput => ({ path: Buffer.from(`f${i}`), type: 'file' }))
    const large = Array.from(
      { length: 20 },
      (_, i): TarInput => ({
        ...{ path: Buffer.from(`g${i}`), type: 'file', body: Buffer.alloc(60_000, `${i}`) },
      }),
    )
    expect(withoutTimesOfFolders(await left([many, large], true))).toEqual(
      withoutTimesOfFolders(await left([many, large], false)),
    )
  })
})

/** A folder that no member speaks of has the time at which it was made. */
function withoutTimesOfFolders(tree: unknown): unknown {
  if (typeof tree === 'string') return tree
  const seen = Object.entries(tree as ReturnType<typeof readTree>)
  return Object.fromEntries(
    seen.map(([path, { mtime, ...rest }]) => [path, rest.type === 'directory' ? rest : { mtime, ...rest }]),
  )
}
