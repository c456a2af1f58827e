import { gzipSync } from 'node:zlib'
import { describe, it } from 'vitest'
import { bytesOf, collect } from './collect.ts'
import { gunzipped } from './gunzip.ts'
import { hashing } from './hashing.ts'
import { readTar } from './readTar.ts'
import { rewindable } from './rewindable.ts'
import { writeTar } from './writeTar.ts'

const MEMBERS = 1000
const PIECES = 16
const WHERE = 'bench'

const members = Array.from({ length: MEMBERS }, (_, i) => ({
  ...{ path: Buffer.from(`folder/file${i}`), type: 'file' as const },
  body: Buffer.alloc(i % 2000, `${i} `),
}))
const tar = await collect(writeTar(members))
const packed = gzipSync(tar)
const megabyte = Buffer.alloc(1 << 20, 'hash')

describe('lib/bytes', () => {
  it('writes and reads a tar of a thousand members', async ({ bench }) => {
    await bench('writeTar', () => drained(writeTar(members))).run()
    await bench('readTar', () => drained(readTar(bytesOf(tar), WHERE))).run()
  })

  it('hashes sixteen megabytes', async ({ bench }) => {
    await bench('hashing', async () => {
      const hash = hashing()
      for (let piece = 0; piece < PIECES; piece++) await hash.update([megabyte])
      hash.digest()
    }).run()
  })

  it('inflates the same tar', async ({ bench }) => {
    await bench('gunzipped', () => drained(gunzipped(rewindable(bytesOf(packed)), WHERE))).run()
  })
})

async function drained(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _item of items);
}
