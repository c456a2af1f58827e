import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { defaultSpec, writeSpec } from './defaultSpec.ts'

const folder = mkdtempSync(join(tmpdir(), 'ocilab-spec-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('runc spec', () => {
  it.each([
    ['plain', [], {}],
    ['rootless', ['--rootless'], { rootless: true }],
  ])('writes the same bytes: %s', async (name, flags, options) => {
    const [theirs, ours] = [join(folder, `${name}-runc`), join(folder, `${name}-ours`)]
    execFileSync('mkdir', [theirs])
    execFileSync('runc', ['spec', ...flags, '--bundle', theirs])
    await writeSpec(ours, options)
    expect(readFileSync(join(ours, 'config.json'), 'utf8')).toBe(readFileSync(join(theirs, 'config.json'), 'utf8'))
  })

  it('replaces no file, as runc does not', async () => {
    const target = join(folder, 'twice')
    await writeSpec(target)
    const before = readFileSync(join(target, 'config.json'))
    await expect(writeSpec(target)).rejects.toMatchObject({
      code: 'TARGET_EXISTS',
      message: expect.stringContaining('Remove it first'),
    })
    expect(readFileSync(join(target, 'config.json'))).toEqual(before)
    expect(() => execFileSync('runc', ['spec', '--bundle', target], { stdio: 'pipe' })).toThrow('Remove it first')
  })
})

describe('the article’s runc', () => {
  it('had five capability sets and another version', () => {
    const { ociVersion, process } = defaultSpec({ profile: '2020' })
    expect(ociVersion).toBe('1.0.1-dev')
    expect(Object.keys(process!.capabilities!)).toEqual([
      'bounding',
      'effective',
      'inheritable',
      'permitted',
      'ambient',
    ])
  })
})
