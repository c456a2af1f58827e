import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeSpec } from '../bundle/defaultSpec.ts'
import { imageWith } from '../rootfs/testLayers.ts'
import { digestOf } from '../spec/digest.ts'
import { copy } from '../transport/copy.ts'
import { heldImage } from '../transport/held.ts'
import { parseTransport } from '../transport/parse.ts'
import { type Matched, ociMatchers } from './matchers.ts'

// As a user of the library says it to vitest.
declare module 'vitest' {
  interface Matchers {
    toBeOciLayout(tag?: string): Promise<void>
    toHaveDigest(digest: string): Promise<void>
    toBeBlob(): Promise<void>
    toBeOciBundle(): Promise<void>
  }
}
expect.extend(ociMatchers)

const folder = mkdtempSync(join(tmpdir(), 'ocilab-matchers-'))
afterAll(() => rmSync(folder, { recursive: true }))
const layout = join(folder, 'layout')
const blob = (index: number) => join(layout, 'blobs/sha256', readdirSync(join(layout, 'blobs/sha256'))[index]!)
beforeAll(async () => {
  await copy(heldImage(await imageWith({ a: { body: 'A' } }), 'x'), parseTransport(`oci:${layout}:v0`))
})

const told = async (matched: Promise<Matched>) => {
  const { pass, message } = await matched
  return { pass, message: message() }
}

describe('what is so', () => {
  it('is matched', async () => {
    await expect(layout).toBeOciLayout('v0')
    await expect(layout).toBeOciLayout()
    await expect(blob(0)).toBeBlob()
    await expect(Buffer.from('hello world\n')).toHaveDigest(digestOf('hello world\n'))
    writeFileSync(join(folder, 'x'), 'x')
    await expect(join(folder, 'x')).toHaveDigest(digestOf('x', 'sha512'))
  })
  it('can be denied', async () => expect(folder).not.toBeOciLayout())
})

describe('what is not so is told in one sentence', () => {
  it.each([
    ['a folder that is none', () => ociMatchers.toBeOciLayout(folder), 'it is not ('],
    [
      'a tag that is not there',
      () => ociMatchers.toBeOciLayout(layout, 'v1'),
      'layout: an OCI layout with v1: it is not',
    ],
    ['other bytes', () => ociMatchers.toHaveDigest(Buffer.from('x'), digestOf('y')), `got ${digestOf('x')}`],
    ['no file', () => ociMatchers.toHaveDigest(join(folder, 'nonesuch'), digestOf('y')), 'no such file'],
    ['a file of another name', () => ociMatchers.toBeBlob(join(folder, 'x')), 'not a digest'],
    ['a folder without config.json', () => ociMatchers.toBeOciBundle(folder), 'config.json not found'],
  ])('%s', async (_, match, message) => {
    expect(await told(match())).toEqual({ pass: false, message: expect.stringContaining(message) })
  })
  it('a layout with one byte changed', async () => {
    const name = [0, 1, 2].map(blob).find(name => readFileSync(name)[0] === 0x1f)!
    const bytes = readFileSync(name)
    writeFileSync(
      name,
      bytes.map((byte, index) => (index === bytes.length - 1 ? byte ^ 1 : byte)),
    )
    expect(await told(ociMatchers.toBeOciLayout(layout))).toMatchObject({ pass: false })
    expect(await told(ociMatchers.toBeBlob(name))).toEqual({
      pass: false,
      message: expect.stringContaining('DIGEST_INVALID'),
    })
  })
  it('a bundle whose root file system is not there', async () => {
    await writeSpec(folder)
    expect(await told(ociMatchers.toBeOciBundle(folder))).toEqual({
      pass: false,
      message: expect.stringContaining('rootfs'),
    })
  })
})
