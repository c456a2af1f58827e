import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesOf, collect } from '../bytes/collect.ts'
import { readTar } from '../bytes/readTar.ts'
import { imageWith, type Member } from '../rootfs/testLayers.ts'
import { flatten } from './flatten.ts'
import type { Image } from './image.ts'

async function contents(image: Image): Promise<Record<string, string>> {
  const seen: [string, string][] = []
  for await (const entry of readTar(flatten(image), 'flat')) {
    const body = Buffer.from(await collect(entry.body)).toString()
    seen.push([
      entry.path.toString('latin1'),
      entry.type === 'hardlink' ? `→ ${entry.linkpath}` : entry.type === 'directory' ? '/' : body,
    ])
  }
  return Object.fromEntries(seen)
}

describe('flatten', () => {
  it.each<[string, Record<string, Member>[], Record<string, string>]>([
    ['later wins', [{ a: { body: '1' } }, { a: { body: '2' } }], { a: '2' }],
    ['later in the same layer too', [{ a: { body: '1' }, './a': { body: '2' } }], { a: '2' }],
    ['whiteouts hide lower layers', [{ a: {}, b: { body: 'b' } }, { '.wh.a': {} }], { b: 'b' }],
    ['and nothing of their own', [{ a: { body: '1' } }, { a: { body: '2' }, '.wh.a': {} }], { a: '2' }],
    ['opaque', [{ 'd/a': {} }, { 'd/b': { body: 'b' }, 'd/.wh..wh..opq': {} }], { 'd/': '/', 'd/b': 'b' }],
    [
      'a hardlink survives what it was a link to',
      [{ a: { body: 'x' }, b: { type: 'hardlink', linkpath: 'a' } }, { '.wh.a': {} }],
      { b: 'x' },
    ],
    [
      'a hardlink keeps the old content when its twin is replaced',
      [{ a: { body: 'old' }, b: { type: 'hardlink', linkpath: 'a' } }, { a: { body: 'new' } }],
      { b: 'old', a: 'new' },
    ],
    [
      'a hardlink of two names that both live',
      [{ a: { body: 'x' } }, { b: { type: 'hardlink', linkpath: 'a' } }],
      { a: 'x', b: '→ a' },
    ],
    [
      'through a symlinked folder',
      [{ 'lib/': {}, lib64: { linkpath: 'lib' } }, { 'lib64/x': { body: 'x' } }],
      { 'lib/': '/', lib64: '', 'lib/x': 'x' },
    ],
    ['a file over a folder', [{ 'd/x': {} }, { d: { body: 'f' } }], { d: 'f' }],
  ])('%s', async (_name, layers, expected) => expect(await contents(await imageWith(...layers))).toEqual(expected))

  it.each([false, true])('gives chunks that stay as long as they may (lent: %s)', async lent => {
    const sizes = [400_000, 900_000, 300_000, 5000, 2_500_000, 262_144, 262_145, 1_048_576]
    const files = sizes.map((size, index): [string, Member] => [`f${index}`, { body: String(index).repeat(size) }])
    const parts: Buffer[] = []
    let before: Buffer = Buffer.alloc(0)
    for await (const chunk of flatten(await imageWith(Object.fromEntries(files)), { lent })) {
      // Lent ones are good until the next but one is asked for; others for ever.
      parts.push(lent ? Buffer.from(before) : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length))
      before = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
    }
    if (lent) parts.push(before)
    const seen: string[] = []
    for await (const { body } of readTar(bytesOf(...parts), 'flat'))
      seen.push(Buffer.from(await collect(body)).toString())
    expect(seen.length).toBe(sizes.length)
    for (const [index, [, { body }]] of files.entries()) expect(seen[index] === body, `f${index}`).toBe(true)
  })

  it('equals laying files over each other, whatever the layers', async () => {
    const name = fc.constantFrom('a', 'b', 'd/a', 'd/b', 'd/e/a', 'f')
    const layer = fc.dictionary(name, fc.oneof(fc.string({ maxLength: 3 }), fc.constant(null)), { maxKeys: 4 })
    await fc.assert(
      fc.asyncProperty(fc.array(layer, { minLength: 1, maxLength: 4 }), async layers => {
        const model = new Map<string, string>()
        const members: Record<string, Member>[] = []
        for (const files of layers) {
          const made: Record<string, Member> = {}
          for (const [path, body] of Object.entries(files)) {
            if (body === null) {
              made[path.replace(/[^/]*$/, '.wh.$&')] = {}
              model.delete(path)
            } else made[path] = { body }
          }
          for (const [path, body] of Object.entries(files)) if (body !== null) model.set(path, body)
          members.push(made)
        }
        const files = Object.entries(await contents(await imageWith(...members))).filter(
          ([path]) => !path.endsWith('/'),
        )
        expect(Object.fromEntries(files)).toEqual(Object.fromEntries(model))
      }),
      { numRuns: 150 },
    )
  })
})
