import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { stagingIn } from './staging.ts'
import { testFolder } from './testImages.ts'

const folder = testFolder()

it('a staging folder that could not be made is made when the next one asks', async () => {
  const parent = join(folder, 'late')
  writeFileSync(parent, '')
  const staging = stagingIn(parent)
  await expect(staging.publish(join(parent, 'a'), 'A')).rejects.toThrow('ENOTDIR')
  rmSync(parent)
  await staging.publish(join(parent, 'a'), 'A')
  await staging.close()
  expect(readdirSync(parent)).toEqual(['a'])
  expect(readFileSync(join(parent, 'a'), 'utf8')).toBe('A')
})

it('what cannot get its name does not stay beside', async () => {
  const parent = join(folder, 'taken')
  mkdirSync(join(parent, 'a/full'), { recursive: true })
  const staging = stagingIn(parent)
  await expect(staging.publish(join(parent, 'a'), 'A')).rejects.toThrow(/EISDIR|ENOTEMPTY/)
  const [beside] = readdirSync(parent).filter(name => name.startsWith('.'))
  expect(readdirSync(join(parent, beside!))).toEqual([])
  await staging.close()
})
