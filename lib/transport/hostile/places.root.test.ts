import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { collect } from '../../bytes/collect.ts'
import { isOciError } from '../../errors.ts'
import { flatten } from '../../image/flatten.ts'
import { PROGRAM } from '../../package.ts'
import { type Victims, victims } from '../../rootfs/hostile/testVictims.ts'
import { openImageAt } from '../openImageAt.ts'
import { testFolder } from '../testImages.ts'
import { dockerArchiveCases, ociArchiveCases, packedLayout } from './testArchives.ts'
import type { Case, Expected } from './testCase.ts'
import { fileCases, indexCases } from './testIndexes.ts'
import { layoutAt } from './testLayout.ts'
import { configCases, manifestCases } from './testManifests.ts'
import { expectRefused, ocilab } from './testProgram.ts'
import { badPlaces } from './testReferences.ts'

// Layouts, archives, configs and names as a stranger makes them, through the library and through every verb that reads
// an image: each is refused in the same words by all of them, or read as what it is. Nothing is left of what was refused,
// and what stands around is neither changed nor read. In CI each case meets every fourth verb; with OCILAB_SWEEP=1 all.
const SWEEP = process.env.OCILAB_SWEEP === '1'
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

/** What a verb does with an image: it opens it, moves its layers, or looks into them. */
type Depth = 'opens' | 'copies' | 'moves' | 'looks into'
const VERBS: [name: string, depth: Depth, args: (source: string, target: string) => string[]][] = [
  ['inspect', 'opens', source => ['inspect', source]],
  ['inspect --config', 'opens', source => ['inspect', '--config', source]],
  ['picture manifest', 'opens', source => ['picture', 'manifest', source]],
  ['copy to oci', 'copies', (source, target) => ['copy', source, `oci:${target}:v0`]],
  ['copy to oci-archive', 'copies', (source, target) => ['copy', source, `oci-archive:${target}:v0`]],
  ['copy to dir', 'copies', (source, target) => ['copy', source, `dir:${target}`]],
  ['save', 'looks into', (source, target) => ['save', source, '-o', target]],
  ['export', 'looks into', (source, target) => ['export', source, '-o', target]],
  ['unpack', 'looks into', (source, target) => ['unpack', source, target]],
  ['unpack --bundle', 'looks into', (source, target) => ['unpack', '--bundle', source, target]],
  ['flatten', 'looks into', (source, target) => ['flatten', source, `oci:${target}:v0`]],
  ['picture layers', 'looks into', source => ['picture', 'layers', source]],
]
const LOAD: (typeof VERBS)[number] = [
  'load',
  'copies',
  (source, target) => ['load', '-i', source.slice('docker-archive:'.length), `oci:${target}:v0`],
]

const tables: [string, Case[]][] = [
  ['the index of a layout', indexCases],
  ['the files of a layout', fileCases],
  ['manifests', manifestCases],
  ['configs', configCases],
  ['docker archives', dockerArchiveCases],
  ['OCI archives', ociArchiveCases],
  ['the index in an OCI archive', indexCases.map(packedLayout)],
  ['manifests in an OCI archive', manifestCases.map(packedLayout)],
  ['configs in an OCI archive', configCases.map(packedLayout)],
]

let turn = 0
const someOf = <T>(verbs: readonly T[]): T[] => {
  turn++
  return verbs.filter((_, at) => SWEEP || (at + turn) % 4 === 0)
}

/** The code that somebody meets who goes so deep; undefined where all is well. */
function met(expected: Expected, depth: Depth) {
  if (typeof expected === 'string') return expected === 'whole' ? undefined : expected
  if ('artifact' in expected) return depth === 'copies' ? undefined : expected.artifact
  if ('blob' in expected) return depth === 'opens' ? undefined : expected.blob
  return depth === 'looks into' ? expected.tar : undefined
}

describe.each(tables)('%s', (_table, cases) => {
  it.each(cases)('$name', async ({ make, expected }) => {
    const source = await make(world.folder, join(world.beside, 'secret'))
    const before = readdirSync(world.folder)
    const looked = await openImageAt(source, image => collect(flatten(image))).catch(error => error)
    const code = met(expected, 'looks into')
    if (code === undefined) expect(looked).toBeInstanceOf(Uint8Array)
    else expect(isOciError(looked, code), String(looked)).toBe(true)
    const target = join(world.folder, 'target')
    for (const [verb, depth, args] of someOf(source.startsWith('docker-archive:') ? [...VERBS, LOAD] : VERBS)) {
      const result = await ocilab([...args(source, target), '-q'])
      const code = met(expected, depth)
      if (code !== undefined) {
        expectRefused(result, code, verb)
        // Blobs that came whole may stay in a layout, for the next try.
        expect(existsSync(join(target, 'index.json')), verb).toBe(false)
        if (!args('', '').includes('oci::v0')) expect(existsSync(target), verb).toBe(false)
      } else expect(result, verb).toMatchObject({ status: 0, stderr: '' })
      rmSync(target, { recursive: true, force: true })
      expect(readdirSync(world.folder), verb).toEqual(before)
    }
  })
})

describe('names', () => {
  it.each(badPlaces)('%j', async place => {
    layoutAt(join(world.folder, 'source'), '')
    const sound = `oci:${world.folder}/source:v0`
    const all = () => [readdirSync(world.folder), readdirSync(join(world.folder, 'source'), { recursive: true })]
    const before = all()
    await expect(openImageAt(place, () => undefined)).rejects.toMatchObject({ code: 'REFERENCE_INVALID' })
    for (const [verb, , args] of someOf(VERBS)) {
      // A single word is a container's.
      if (verb.startsWith('inspect') && !place.includes(':')) continue
      expectRefused(await ocilab([...args(place, join(world.folder, 'target')), '-q']), 'REFERENCE_INVALID', verb)
    }
    for (const verb of ['copy', 'flatten', 'mutate'])
      expectRefused(await ocilab([verb, sound, place, '-q']), 'REFERENCE_INVALID', verb)
    expect(all()).toEqual(before)
  })
})

describe('a program of its own says the same', () => {
  // What nobody in it waits for would only show here.
  const some = tables.flatMap(([, cases]) => cases).filter((_, at) => at % 23 === 0)
  it.each(some)('$name', async ({ make, expected }) => {
    const source = await make(world.folder, join(world.beside, 'secret'))
    const target = join(world.folder, 'target')
    const result = spawnSync(process.execPath, [PROGRAM, 'unpack', source, target, '-q'], { encoding: 'utf8' })
    const code = met(expected, 'looks into')
    if (code === undefined) expect(result).toMatchObject({ status: 0, stderr: '' })
    else expectRefused(result, code, 'unpack')
    expect(existsSync(target)).toBe(code === undefined)
  })
})
