import { execFileSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { sentence } from '../errors.ts'
import { bytesOf, collect } from './collect.ts'
import { fileBytes, writeFileAtomically } from './file.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ocilab-file-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

it('reads a file whole or in part, in chunks', async () => {
  const path = join(folder, 'large')
  const content = Buffer.alloc(2_500_000, 'abcdefg')
  await writeFile(path, content)
  expect(content.equals(await collect(fileBytes(path)))).toBe(true)
  const part = await collect(fileBytes(path, { start: 1_000_000, end: 2_400_001 }))
  expect(content.subarray(1_000_000, 2_400_001).equals(part)).toBe(true)
  expect(await collect(fileBytes(path, { start: 2_499_999 }))).toHaveLength(1)
  expect(await collect(fileBytes(path, { start: 3, end: 3 }))).toHaveLength(0)
})

it('says which file it was that could not be read or written', async () => {
  const reading = collect(fileBytes(folder)).catch(sentence)
  expect(await reading).toBe(`${folder}: illegal operation on a directory, read [EISDIR]`)
  const writing = writeFileAtomically('/dev/full/x', 'x').catch(sentence)
  expect(await writing).toMatch(/^\/dev\/full\/x\.\S+: not a directory \[ENOTDIR\]$/)
})

it('reads a pipe', async () => {
  const path = join(folder, 'pipe')
  execFileSync('mkfifo', [path])
  const [got] = await Promise.all([collect(fileBytes(path)), writeFile(path, 'through a pipe')])
  expect(Buffer.from(got).toString()).toBe('through a pipe')
})

it('closes the file when the reader leaves early', async () => {
  const path = join(folder, 'left')
  await writeFile(path, Buffer.alloc(3 << 20))
  const open = async () => (await readdir('/proc/self/fd').catch(() => [])).length
  const before = await open()
  for (let i = 0; i < 20; i++) for await (const _ of fileBytes(path)) break
  expect(await open()).toBeLessThan(before + 5)
})

it('writes bytes, text and streams, with the mode asked for', async () => {
  const path = join(folder, 'written')
  await writeFileAtomically(path, 'first')
  await writeFileAtomically(path, bytesOf('sec', 'ond'), { mode: 0o600 })
  expect(await readFile(path, 'utf8')).toBe('second')
  expect((await stat(path)).mode & 0o777).toBe(0o600)
})

it('leaves what was there, and nothing beside it, when the bytes fail', async () => {
  const path = join(folder, 'kept')
  await writeFileAtomically(path, 'old')
  async function* failing() {
    yield new Uint8Array(10)
    throw new Error('broken')
  }
  await expect(writeFileAtomically(path, failing())).rejects.toThrow('broken')
  expect(await readFile(path, 'utf8')).toBe('old')
  expect((await readdir(folder)).filter(name => name.endsWith('.tmp'))).toEqual([])
})
