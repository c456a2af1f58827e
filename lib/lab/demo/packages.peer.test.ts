import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { digestOf } from '../../spec/digest.ts'
import { fetchPackages, findPackages } from './packages.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ocilab-debs-'))
})
afterEach(() => rm(folder, { recursive: true }))

it('finds a package that is in the current folder already, and fetches again one that was cut off', async () => {
  const names = ['zlib1g']
  const debs = await findPackages(names, folder)
  expect(debs).toHaveLength(1)
  await fetchPackages(names, debs, folder, {})
  expect(await readdir(folder)).toEqual([debs[0]!.file])
  const before = process.cwd()
  process.chdir(folder)
  try {
    expect(await findPackages(names, folder)).toEqual(debs)
  } finally {
    process.chdir(before)
  }
  await writeFile(debs[0]!.path, 'cut off')
  await fetchPackages(names, debs, folder, {})
  expect(digestOf(await readFile(debs[0]!.path))).toBe(debs[0]!.digest)
})

it('a package that apt does not know is an error with a hint', async () => {
  await expect(findPackages(['no-such-package'], folder)).rejects.toMatchObject({
    code: 'TOOL_MISSING',
    data: { hint: expect.stringContaining('apt-get update') },
  })
})
