import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openBundle } from './bundle.ts'
import { defaultSpec, writeSpec } from './defaultSpec.ts'

const folder = mkdtempSync(join(tmpdir(), 'ocilab-bundle-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('a bundle', () => {
  it('is edited as the article does with sed', async () => {
    await writeSpec(folder)
    const edited = await (await openBundle(folder)).edit(config => {
      config.process!.args = ['java', '-jar', 'app.jar']
      config.process!.terminal = false
      config.root!.readonly = false
    })
    const sed = JSON.stringify(defaultSpec(), null, '\t')
      .replace('"sh"', '"java",\n\t\t\t"-jar",\n\t\t\t"app.jar"')
      .replace('"terminal": true', '"terminal": false')
      .replace('"readonly": true', '"readonly": false')
    expect(readFileSync(join(folder, 'config.json'), 'utf8')).toBe(sed)
    expect(edited.rootfs).toBe(join(folder, 'rootfs'))
    expect(readdirSync(folder)).toEqual(['config.json'])
  })

  it.each([
    ['null', 'config'],
    ['[]', 'config'],
    ['{', 'not JSON'],
    ['{"ociVersion": 1}', 'ociVersion'],
    ['{"ociVersion": "1.0.0", "process": {"cwd": "relative", "user": {}}}', 'process.cwd'],
    ['{"ociVersion": "1.0.0", "process": {"cwd": "/", "user": {}, "env": ["A\\u0000B"]}}', 'process.env[0]'],
    ['{"ociVersion": "1.0.0", "process": {"cwd": "/", "user": {}, "args": "sh"}}', 'process.args'],
    ['{"ociVersion": "1.0.0", "mounts": [{"destination": ""}]}', 'mounts[0].destination'],
    ['{"ociVersion": "1.0.0", "linux": {"namespaces": [{"type": "pid"}, {"type": "pid"}]}}', 'linux.namespaces'],
  ])('%s is refused, naming the field', async (text, field) => {
    const broken = mkdtempSync(join(folder, 'broken-'))
    writeFileSync(join(broken, 'config.json'), text)
    await expect(openBundle(broken)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(field),
    })
  })

  it('without config.json is none', async () =>
    expect(openBundle(join(folder, 'nowhere'))).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('not found'),
    }))
})
