import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openBundle } from './bundle.ts'
import { readConfigJson } from './configFile.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ocilab-config-'))
  file = join(folder, 'config.json')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('a config.json', () => {
  it('is read where there is one', () => {
    writeFileSync(file, '{"a": 1}')
    expect(readConfigJson(file)).toEqual({ a: 1 })
  })

  it.each<[string, () => unknown]>([
    ['nothing', () => {}],
    ['a folder', () => mkdirSync(file)],
    ['a fifo, which nobody writes to', () => execFileSync('mkfifo', [file])],
    ['a device without end', () => execFileSync('ln', ['-s', '/dev/zero', file])],
    [
      'a socket',
      () =>
        new Promise(resolve =>
          createServer()
            .listen(file, () => resolve(undefined))
            .unref(),
        ),
    ],
  ])('that is %s is none', async (_, make) => {
    await make()
    await expect(openBundle(folder)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: `${file}: JSON specification file config.json not found`,
    })
  })

  it('that has no end is not read to it', () => {
    writeFileSync(file, '')
    truncateSync(file, 2 ** 40)
    expect(() => readConfigJson(file)).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }))
  })
})
