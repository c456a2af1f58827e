import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { bytesOf, collect } from '../bytes/collect.ts'
import { digestOf, hexOf } from '../spec/digest.ts'
import { blobDirectory } from './blobDirectory.ts'
import { ownMark } from './owner.ts'
import { testFolder, tree } from './testImages.ts'

const folder = testFolder()
const hello = { mediaType: 'text/plain', digest: digestOf('hello'), size: 5 }
const file = (layout: string) => join(layout, 'blobs/sha256', hexOf(hello.digest))

it('keeps a blob under its digest and gives it back', async () => {
  const layout = join(folder, 'plain')
  const blobs = blobDirectory(layout)
  expect(await blobs.has(hello)).toBe(false)
  expect(await blobs.put(bytesOf('hel', 'lo'))).toEqual({ digest: hello.digest, size: 5 })
  expect(await blobs.put(bytesOf('hello'), hello)).toEqual({ digest: hello.digest, size: 5 })
  expect(await blobs.has(hello)).toBe(true)
  expect(Buffer.from(await collect(blobs.get(hello))).toString()).toBe('hello')
  await blobs.delete(hello.digest)
  await blobs.delete(hello.digest)
  expect(await blobs.has(hello)).toBe(false)
  await blobs.close()
  expect(tree(layout)).toEqual(['blobs', 'blobs/sha256'])
})

it.each([
  ['DIGEST_INVALID', 'jello'],
  ['SIZE_INVALID', 'hell'],
  ['SIZE_INVALID', 'hello!'],
])('keeps nothing of a blob with %s', async (code, text) => {
  const layout = join(folder, `bad-${text}`)
  const blobs = blobDirectory(layout)
  await expect(blobs.put(bytesOf(text), hello)).rejects.toMatchObject({ code })
  await blobs.close()
  expect(tree(layout)).toEqual([])
})

it('refuses a blob that changed on disk, and one that is no file', async () => {
  const layout = join(folder, 'changed')
  const blobs = blobDirectory(layout)
  await blobs.put(bytesOf('hello'), hello)
  writeFileSync(file(layout), 'jello')
  await expect(collect(blobs.get(hello))).rejects.toMatchObject({ code: 'DIGEST_INVALID' })
  await blobs.delete(hello.digest)
  await expect(collect(blobs.get(hello))).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' })
  execFileSync('mkfifo', [file(layout)])
  await expect(collect(blobs.get(hello))).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' })
})

it('writes again what is there with the wrong size', async () => {
  const layout = join(folder, 'short')
  const blobs = blobDirectory(layout)
  mkdirSync(join(layout, 'blobs/sha256'), { recursive: true })
  writeFileSync(file(layout), 'hel')
  expect(await blobs.has(hello)).toBe(false)
  await blobs.put(bytesOf('hello'), hello)
  expect(readFileSync(file(layout), 'utf8')).toBe('hello')
  await blobs.close()
})

it('takes eight writers of one blob', async () => {
  const layout = join(folder, 'eight')
  const stores = Array.from({ length: 8 }, () => blobDirectory(layout))
  await Promise.all(stores.map(blobs => blobs.put(bytesOf('hello'), hello)))
  await Promise.all(stores.map(blobs => blobs.close()))
  expect(tree(layout)).toEqual(['blobs', 'blobs/sha256', `blobs/sha256/${hexOf(hello.digest)}`])
})

it('clears away what a killed process left, and nothing of a live one', async () => {
  const layout = join(folder, 'killed')
  const [namespace] = ownMark().split('.')
  const dead = `.ocilab.${namespace}.4194304.1.aaaaaaaa`
  const live = `.ocilab.${ownMark()}.bbbbbbbb`
  for (const name of [dead, live]) mkdirSync(join(layout, name), { recursive: true })
  const blobs = blobDirectory(layout)
  await blobs.put(bytesOf('hello'))
  await blobs.close()
  expect(readdirSync(layout).sort()).toEqual([live, 'blobs'])
})
