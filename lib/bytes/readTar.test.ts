import { describe, expect, it } from 'vitest'
import { mutated, random } from '../rootfs/hostile/testRandom.ts'
import { tarCases } from '../rootfs/hostile/testTars.ts'
import { bytesOf, collect } from './collect.ts'
import { readTar, tarRuns } from './readTar.ts'
import type { TarHeader } from './tar.ts'
import { membersByTarStream } from './testTarStream.ts'
import { writeTar } from './writeTar.ts'

type Whole = TarHeader & { content: Buffer }

const tars = tarCases.map(([what, layers]) => [what, layers[0] as Buffer] as const)
const CASES = 3000

async function* membersByUs(tar: Uint8Array, size = tar.length): AsyncGenerator<Whole> {
  const pieces = Array.from({ length: Math.ceil(tar.length / size) }, (_, i) => tar.subarray(i * size, (i + 1) * size))
  for await (const { body, ...header } of readTar(bytesOf(...pieces), 'a.tar'))
    yield { ...header, content: Buffer.from(await collect(body)) }
}

/** The members up to where it is refused, if it is. */
async function told(members: AsyncIterable<Whole>): Promise<{ members: Whole[]; refused: boolean }> {
  const found: Whole[] = []
  try {
    for await (const member of members) found.push(member)
  } catch {
    return { members: found, refused: true }
  }
  return { members: found, refused: false }
}

async function expectSame(tar: Uint8Array): Promise<void> {
  const theirs = await told(membersByTarStream(tar))
  const ours = await told(membersByUs(tar))
  // tar-stream loses an error that it finds in the last block.
  if (theirs.refused) expect(ours.refused).toBe(true)
  else expect(ours.members).toEqual(theirs.members)
}

describe('a tar', () => {
  it.each(tars)('is to us what it is to tar-stream: %s', (_what, tar) => expectSame(tar))

  it('also when some of it was changed', async () => {
    const next = random(1)
    const small = tars.filter(([, tar]) => tar.length < 20_000)
    for (let i = 0; i < CASES; i++) await expectSame(mutated(small[Math.floor(next() * small.length)]![1], next))
  })

  it.each([1, 7, 511, 512, 513, 1024, 100_000])('is the same in pieces of %d bytes', async size => {
    for (const [, tar] of tars.filter(([, tar]) => tar.length < 20_000))
      expect(await told(membersByUs(tar, size))).toEqual(await told(membersByUs(tar)))
  })
})

describe('members', () => {
  const file = (path: string, size: number) => ({
    path: Buffer.from(path),
    type: 'file' as const,
    body: Buffer.alloc(size).fill(path),
  })

  it('come together where they are whole in one chunk, and before what goes wrong after them', async () => {
    const tar = await collect(writeTar([file('a', 1), file('b', 600), file('c', 1)]))
    const runs: string[][] = []
    const broken = Buffer.from(tar).fill('x', 5 * 512)
    const read = async () => {
      for await (const run of tarRuns(bytesOf(broken.subarray(0, 1500), broken.subarray(1500)), 'a.tar'))
        runs.push(run.map(({ path }) => String(path)))
    }
    await expect(read()).rejects.toMatchObject({ code: 'TAR_INVALID' })
    expect(runs).toEqual([['a'], ['b']])
  })

  it('that are large come alone, chunk by chunk', async () => {
    const tar = await collect(writeTar([file('a', 1), file('large', 300_000), file('c', 1)]))
    const chunks: number[] = []
    for await (const [{ path, body } = never()] of tarRuns(
      bytesOf(tar.subarray(0, 200_000), tar.subarray(200_000)),
      'a.tar',
    ))
      if (String(path) === 'large') for await (const { length } of body) chunks.push(length)
    expect(chunks).toEqual([200_000 - 3 * 512, 300_000 - 200_000 + 3 * 512])
  })
})

function never(): never {
  throw new Error('an empty run')
}
