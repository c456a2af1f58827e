import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

// The floors of the house: an import only looks down. kernel.ts is a door that only four rooms may open.
const LIB = dirname(fileURLToPath(import.meta.url))
const EVERYONE = ['errors.ts', 'events.ts', 'package.ts']
const MAY_IMPORT: Record<string, string[]> = {
  'errors.ts': [],
  'events.ts': ['spec'],
  'kernel.ts': [],
  'package.ts': [],
  spec: [],
  // Digests are taken, and gzip is undone, beside the main thread where native/ was built; without it everything is the same,
  // only slower.
  bytes: ['spec', 'kernel.ts'],
  image: ['spec', 'bytes'],
  transport: ['spec', 'bytes', 'image'],
  rootfs: ['spec', 'bytes', 'image', 'transport', 'kernel.ts'],
  bundle: ['spec', 'bytes', 'image', 'transport', 'rootfs'],
  // linux.netDevices of a config moves links: there the runtime needs the network's words, never the other way round.
  runtime: ['spec', 'bytes', 'image', 'transport', 'rootfs', 'bundle', 'network', 'kernel.ts'],
  network: ['spec', 'kernel.ts'],
  engine: ['spec', 'bytes', 'image', 'transport', 'rootfs', 'bundle', 'runtime', 'network'],
  lab: ['spec', 'bytes', 'image', 'transport', 'rootfs', 'bundle', 'runtime', 'network', 'engine'],
  cli: ['spec', 'bytes', 'image', 'transport', 'rootfs', 'bundle', 'runtime', 'network', 'engine', 'lab'],
}

// Tests may look anywhere: they compare floors with each other. index.ts is the list of public names.
const files = readdirSync(LIB, { recursive: true, encoding: 'utf8' })
  .filter(file => file.endsWith('.ts') && !/\.(test|bench)\.ts$/.test(file) && !/(^|\/)test[A-Z]\w*\.ts$/.test(file))
  .filter(file => file !== 'vitest.config.ts' && file !== 'index.ts')

const source = (file: string) => readFileSync(join(LIB, file), 'utf8')
const room = (file: string) => file.split('/')[0]!

/** Every relative import of a file, as paths below lib/, with whether it is only for types. */
function importsOf(file: string): { target: string; typeOnly: boolean }[] {
  const statement = /(?:import|export)\s+(type\s)?[^'"]*?from\s+'(\.[^']+)'|import\(\s*'(\.[^']+)'\s*\)/g
  return [...source(file).matchAll(statement)].map(([, type, from, dynamic]) => ({
    target: relative(LIB, resolve(LIB, dirname(file), (from ?? dynamic)!)),
    typeOnly: type !== undefined,
  }))
}

describe('the floors', () => {
  it('has files to look at', () => expect(files.length).toBeGreaterThan(20))

  it.each(files)('%s imports only what its floor may', file => {
    const allowed = MAY_IMPORT[room(file)]
    expect(allowed, `${file}: no such room`).toBeDefined()
    const forbidden = importsOf(file)
      .map(({ target }) => target)
      .filter(target => room(target) !== room(file))
      .filter(target => !EVERYONE.includes(target) && !allowed!.includes(room(target)))
      .filter(target => room(file) !== 'cli' || target !== 'index.ts')
    expect(forbidden).toEqual([])
  })

  it('has no cycles', () => {
    const graph = new Map(
      files.map(file => [
        file,
        importsOf(file)
          .filter(i => !i.typeOnly)
          .map(i => i.target),
      ]),
    )
    const done = new Set<string>()
    const visit = (file: string, path: string[]): void => {
      if (path.includes(file)) throw new Error(`cycle: ${[...path.slice(path.indexOf(file)), file].join(' → ')}`)
      if (done.has(file)) return
      for (const next of graph.get(file) ?? []) visit(next, [...path, file])
      done.add(file)
    }
    for (const file of files) visit(file, [])
  })

  it.each(files)('%s is one room: short, without default export, and nobody calls it utils', file => {
    expect(source(file).split('\n').length).toBeLessThanOrEqual(300)
    expect(source(file)).not.toMatch(/^export default/m)
    expect(file).not.toMatch(/utils?\b|helpers?\b/i)
    expect(source(file)).not.toMatch(/^export \* from/m)
  })
})
