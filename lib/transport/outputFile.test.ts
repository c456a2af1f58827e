import { execFileSync } from 'node:child_process'
import { lstatSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { bytesOf } from '../bytes/collect.ts'
import { isStream, writeOutput } from './outputFile.ts'
import { testFolder } from './testImages.ts'

const folder = testFolder()

it('a file is there whole, and replaces one that was there', async () => {
  const path = join(folder, 'file')
  writeFileSync(path, 'old and longer')
  await writeOutput(path, bytesOf('n', 'ew'))
  expect(readFileSync(path, 'utf8')).toBe('new')
})

it('what fails leaves the file that was there, and nothing beside it', async () => {
  const path = join(folder, 'kept')
  writeFileSync(path, 'old')
  async function* failing() {
    yield Buffer.from('ne')
    throw new Error('broken')
  }
  await expect(writeOutput(path, failing())).rejects.toThrow('broken')
  expect(readFileSync(path, 'utf8')).toBe('old')
  expect(readdirSync(folder).filter(name => name.startsWith('.'))).toEqual([])
})

it.each(['fifo', 'a link to a fifo'])('%s is written to, and stays what it is', async what => {
  const fifo = join(folder, `${what} itself`)
  execFileSync('mkfifo', [fifo])
  const path = what === 'fifo' ? fifo : join(folder, what)
  if (path !== fifo) symlinkSync(fifo, path)
  const [read] = await Promise.all([readFile(fifo, 'utf8'), writeOutput(path, bytesOf('through ', 'it'))])
  expect(read).toBe('through it')
  expect(lstatSync(fifo).isFIFO()).toBe(true)
})

it.each([
  ['/dev/stdout', true],
  ['/proc/self/fd/1', true],
  [join(folder, 'file'), false],
  [join(folder, 'not there'), false],
])('%s is a stream: %s', async (path, expected) => expect(await isStream(path)).toBe(expected))
