import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { copy } from './copy.ts'
import { testFolder, testSource, tree } from './testImages.ts'

const folder = testFolder()

it('goes into an archive and out of it unchanged, always the same bytes', async () => {
  const [a, b] = [join(folder, 'a.tar'), join(folder, 'b.tar')]
  const first = await copy(await testSource(), `oci-archive:${a}:v0`)
  await copy(`oci-archive:${a}:v0`, `oci-archive:${b}:v0`)
  expect(readFileSync(a).equals(readFileSync(b))).toBe(true)
  const back = await copy(`oci-archive:${b}`, `oci:${join(folder, 'layout')}:v0`)
  expect(back).toMatchObject({ manifest: first.manifest, config: first.config, copied: 3, skipped: 0 })
  expect(tree(folder).filter(name => name.includes('.ocilab'))).toEqual([])
})

it('replaces an archive only when the new one is whole', async () => {
  const file = join(folder, 'kept.tar')
  await copy(await testSource(['one']), `oci-archive:${file}:v0`)
  const before = readFileSync(file)
  await expect(copy(`oci-archive:${folder}/nope.tar`, `oci-archive:${file}:v0`)).rejects.toMatchObject({
    code: 'ARCHIVE_INVALID',
  })
  expect(readFileSync(file).equals(before)).toBe(true)
  await copy(await testSource(['two']), `oci-archive:${file}:v0`)
  expect(readFileSync(file).equals(before)).toBe(false)
})

it('reads what tar and gzip pack, and refuses what has no layout inside', async () => {
  const layout = join(folder, 'to-pack')
  await copy(await testSource(), `oci:${layout}:v0`)
  execFileSync('tar', ['-C', layout, '-czf', join(folder, 'packed.tar.gz'), '.'])
  await copy(`oci-archive:${folder}/packed.tar.gz:v0`, `dir:${folder}/unpacked`)
  await expect(copy(`oci-archive:${folder}/packed.tar.gz:v1`, `dir:${folder}/nope`)).rejects.toMatchObject({
    code: 'MANIFEST_UNKNOWN',
  })
  writeFileSync(join(folder, 'note'), 'hello')
  execFileSync('tar', ['-C', folder, '-cf', join(folder, 'other.tar'), 'note'])
  await expect(copy(`oci-archive:${folder}/other.tar`, `dir:${folder}/nope`)).rejects.toMatchObject({
    code: 'LAYOUT_INVALID',
  })
  expect(tree(folder)).not.toContain('nope')
})
