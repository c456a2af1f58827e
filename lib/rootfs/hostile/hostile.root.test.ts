import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { collect } from '../../bytes/collect.ts'
import { repack } from '../../engine/edit/repack.ts'
import { isOciError } from '../../errors.ts'
import { flatten } from '../../image/flatten.ts'
import { memoryBlobs } from '../../image/memory.ts'
import { copy } from '../../transport/copy.ts'
import { heldImage } from '../../transport/held.ts'
import { openImageAt } from '../../transport/openImageAt.ts'
import { testFolder } from '../../transport/testImages.ts'
import type { Member } from '../testLayers.ts'
import { unpack } from '../unpack.ts'
import { type Case, imageOfLayers, treeAt, treeOfFlat } from './testCase.ts'
import { overCases, overFolderCases, whiteoutCases } from './testLayering.ts'
import { linkCases, moreLinkCases } from './testLinks.ts'
import { nameCases } from './testNames.ts'
import { tarCases } from './testTars.ts'
import { type Victims, victims } from './testVictims.ts'

// In memory: half of the time would go into waiting for a disk.
const memory = testFolder()
let world: Victims
beforeAll(() => {
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', memory])
  world = victims(memory)
})
afterEach(() => {
  world.expectUntouched()
  for (const name of readdirSync(world.folder))
    if (name !== 'victim') rmSync(join(world.folder, name), { recursive: true, force: true })
})
afterAll(() => void execFileSync('umount', [memory]))

const tables: [string, Case[]][] = [
  ['names', nameCases],
  ['links', linkCases],
  ['more links', moreLinkCases],
  ['whiteouts', whiteoutCases],
  ['everything over everything', overCases],
  ['over a folder', overFolderCases],
  ['tars', tarCases],
]

it('are at least three hundred', () =>
  expect(tables.reduce((sum, [, cases]) => sum + cases.length, 0)).toBeGreaterThanOrEqual(300))

describe.each(tables)('%s', (_table, cases) => {
  it.each(cases)('%s', async (_name, layers, said) => {
    const here = (text: string) => text.replaceAll('VICTIM', world.beside.slice(1))
    const expected = typeof said === 'string' ? said : replaced(said, here)
    const image = await imageOfLayers(layers.map(layer => (Array.isArray(layer) ? layer.map(linked(here)) : layer)))
    if (typeof expected === 'string') {
      await expectRefused(unpack(image, world.target), expected)
      expect(readdirSync(world.folder)).toEqual(['victim'])
      // A tar has no path that is too long to be written.
      if (expected !== 'KERNEL') await expectRefused(collect(flatten(image)), expected)
      return
    }
    await unpack(image, `${world.target}/rootfs`)
    expect(treeAt(`${world.target}/rootfs`)).toEqual(expected)
    expect(await treeOfFlat(image)).toEqual(expected)
    // What was unpacked is what the image says: nothing changed, so there is no layer to add.
    expect((await repack(image, world.target, memoryBlobs())).layers).toHaveLength(layers.length)
    // Saved and loaded it is the same.
    await copy(heldImage(image, 'memory'), `docker-archive:${world.folder}/saved.tar`)
    await openImageAt(`docker-archive:${world.folder}/saved.tar`, async saved =>
      expect(await treeOfFlat(saved)).toEqual(expected),
    )
  })
})

const linked =
  (here: (text: string) => string) =>
  ([path, it]: [string, Member]): [string, Member] => [
    path,
    it.linkpath === undefined ? it : { ...it, linkpath: here(it.linkpath) },
  ]

async function expectRefused(work: Promise<unknown>, code: string): Promise<void> {
  const error = await work.then(
    () => 'done',
    error => error,
  )
  expect(isOciError(error), String(error)).toBe(true)
  expect(error).toMatchObject({ code })
  // Bytes from outside are cut: a message is for people.
  expect(error.message.length).toBeLessThan(10_000)
  expect(existsSync(world.target)).toBe(false)
}

/** Paths with their folders, where a place of the host stands in them. */
function replaced(tree: Record<string, string>, here: (text: string) => string): Record<string, string> {
  const whole = new Map<string, string>()
  for (const [path, seen] of Object.entries(tree)) {
    const parts = here(path).split('/')
    for (let at = 1; at < parts.length; at++)
      if (!whole.has(parts.slice(0, at).join('/'))) whole.set(parts.slice(0, at).join('/'), '/')
    whole.set(parts.join('/'), here(seen))
  }
  return Object.fromEntries([...whole].sort(([a], [b]) => (a < b ? -1 : 1)))
}
