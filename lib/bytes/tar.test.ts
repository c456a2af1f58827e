import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesOf, collect } from './collect.ts'
import { readTar } from './readTar.ts'
import type { TarHeader, TarInput } from './tar.ts'
import { writeTar } from './writeTar.ts'

type Whole = TarHeader & { content: Buffer }

async function wholeEntries(tar: Uint8Array): Promise<Whole[]> {
  const entries: Whole[] = []
  for await (const { body, ...header } of readTar(bytesOf(tar), 'a.tar'))
    entries.push({ ...header, content: Buffer.from(await collect(body)) })
  return entries
}

const file = (path: string | Buffer, more: Partial<TarInput> = {}): TarInput => ({
  path: Buffer.from(path as string),
  type: 'file',
  ...more,
})
const tarOf = async (...inputs: TarInput[]) => Buffer.from(await collect(writeTar(inputs)))
const paths = async (tar: Uint8Array) => (await wholeEntries(tar)).map(entry => entry.path.toString('latin1'))

// Bytes that mean nothing in UTF-8 are as good as any; only NUL and the slash mean something to Linux.
const part = (max: number) =>
  fc
    .uint8Array({ minLength: 1, maxLength: max })
    .map(bytes => Buffer.from(bytes.map(byte => (byte === 0 || byte === 47 ? 97 : byte))))
const path = fc
  .array(part(120), { minLength: 1, maxLength: 4 })
  .map(parts => Buffer.from(parts.map(it => it.toString('latin1')).join('/'), 'latin1'))
const common = {
  path,
  mode: fc.nat(0o7777),
  uid: fc.nat(2 ** 32 - 2),
  gid: fc.nat(2 ** 32 - 2),
  uname: fc.constantFrom(undefined, 'root', 'jürgen'),
  gname: fc.constantFrom(undefined, 'wheel'),
  mtime: fc.record({
    seconds: fc.oneof(fc.integer({ min: -(2 ** 40), max: 2 ** 40 }), fc.constantFrom(0, -1, 2 ** 33)),
    nanoseconds: fc.oneof(fc.constant(0), fc.nat(999_999_999)),
  }),
  xattrs: fc
    .array(fc.tuple(fc.constantFrom('user.a', 'user.ü', 'security.capability'), fc.uint8Array({ maxLength: 40 })))
    .map(list => new Map(list.map(([name, value]) => [name, Buffer.from(value)]))),
  devmajor: fc.constant(0),
  devminor: fc.constant(0),
}
const none = { content: fc.constant(Buffer.alloc(0)), linkpath: fc.constant(undefined) }
const entry = fc.oneof(
  fc.record({ ...common, ...none, type: fc.constant('file' as const), content: part(1500) }),
  fc.record({ ...common, ...none, type: fc.constantFrom('directory' as const, 'fifo' as const) }),
  fc.record({ ...common, ...none, type: fc.constantFrom('symlink' as const, 'hardlink' as const), linkpath: path }),
  fc.record({
    ...common,
    ...none,
    type: fc.constantFrom('character' as const, 'block' as const),
    devmajor: fc.nat(4095),
    devminor: fc.nat(0o7777777),
  }),
)

describe('a tar', () => {
  it('gives back every byte of what was put in', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 5 }), async entries => {
        const tar = await tarOf(...entries.map(({ content, ...header }) => ({ ...header, body: content })))
        expect(tar.length % 512).toBe(0)
        const want = entries.map(it => ({
          ...it,
          size: it.content.length,
          // A directory's name ends in a slash.
          path: it.type === 'directory' ? Buffer.concat([it.path, Buffer.from('/')]) : it.path,
        }))
        expect(await wholeEntries(tar)).toEqual(want)
      }),
      { numRuns: 150 },
    )
  })

  it('is the same whatever the pieces it is read in', async () => {
    const tar = await tarOf(
      file('a', { body: Buffer.alloc(5000, 'x') }),
      file('b'.repeat(300), { body: Buffer.from('y') }),
    )
    const pieces = Array.from({ length: Math.ceil(tar.length / 13) }, (_, i) => tar.subarray(i * 13, i * 13 + 13))
    const sizes: number[] = []
    for await (const { body } of readTar(bytesOf(...pieces), 'a.tar')) sizes.push((await collect(body)).length)
    expect(sizes).toEqual([5000, 1])
  })

  it('needs no PAX header for what is ordinary', async () => {
    const long = `${'d'.repeat(90)}/${'e'.repeat(90)}`
    expect(await tarOf(file(long, { mode: 0o755, body: Buffer.from('1') }))).toHaveLength(4 * 512)
    expect(await tarOf(file('ü', { mtime: { seconds: 0, nanoseconds: 5 } }))).toHaveLength(5 * 512)
  })

  it('lets go of bodies unread, half-read or read', async () => {
    const big = Buffer.alloc(300_000, 'z')
    const tar = await tarOf(file('a', { body: big }), file('b', { body: big }), file('c', { body: big }))
    const seen: string[] = []
    for await (const { path, body } of readTar(bytesOf(tar.subarray(0, 100_000), tar.subarray(100_000)), 'a.tar')) {
      seen.push(String(path))
      if (String(path) === 'b') for await (const _ of body) break
      if (String(path) === 'c') seen.push(String((await collect(body)).length))
    }
    expect(seen).toEqual(['a', 'b', 'c', '300000'])
  })
})

describe('writeTar refuses', () => {
  async function* stream() {
    yield Buffer.from('abc')
  }
  it.each<[string, string, TarInput]>([
    ['SIZE_INVALID', 'a body longer than its size', file('a', { size: 2, body: stream() })],
    ['SIZE_INVALID', 'a body shorter than its size', file('a', { size: 4, body: stream() })],
    ['SIZE_INVALID', 'a stream without a size', file('a', { body: stream() })],
    ['SIZE_INVALID', 'a size without a body', file('a', { size: 4 })],
    ['TAR_INVALID', 'an empty name', file('')],
    ['TAR_INVALID', 'NUL in a name', file('a\0b')],
    ['TAR_INVALID', 'NUL in a link', { path: Buffer.from('a'), type: 'symlink', linkpath: Buffer.from('b\0') }],
    ['TAR_INVALID', 'an xattr PAX cannot name', file('a', { xattrs: new Map([['user.a=b', Buffer.from('')]]) })],
  ])('%s: %s', async (code, _what, input) => {
    await expect(tarOf(input)).rejects.toMatchObject({ code })
  })
})

/** A header block by hand, with a right checksum. */
function block(fields: Record<number, string | Buffer>): Buffer {
  const header = Buffer.alloc(512)
  const all = { 100: '0000644\0', 124: '00000000000\0', 136: '00000000000\0', 156: '0', 257: 'ustar\x0000', ...fields }
  for (const [at, value] of Object.entries(all)) Buffer.from(value as string, 'latin1').copy(header, Number(at))
  header.write('        ', 148)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return header
}

function pax(...records: string[]): Buffer {
  const text = records.join('')
  const content = Buffer.alloc(Math.ceil(text.length / 512) * 512)
  content.write(text, 'latin1')
  return Buffer.concat([block({ 0: 'pax', 124: `${text.length.toString(8).padStart(11, '0')}\0`, 156: 'x' }), content])
}

const END = Buffer.alloc(1024)
const tarWith = (...blocks: Buffer[]) => Buffer.concat([...blocks, END])

describe('readTar refuses', () => {
  const sound = tarOf(file('a', { body: Buffer.alloc(2000, 'x') }))
  it.each<[string, () => Promise<Buffer> | Buffer]>([
    ['a header cut short', async () => (await sound).subarray(0, 300)],
    ['a body cut short', async () => (await sound).subarray(0, 1500)],
    ['padding cut short', async () => (await sound).subarray(0, 512 + 2000)],
    ['a wrong checksum', () => tarWith(block({ 0: 'a' }).fill('b', 0, 1))],
    ['what is no tar', () => Buffer.alloc(2048, 'not a tar ')],
    ['NUL in a PAX name', () => tarWith(pax('11 path=a\0b\n'), block({ 0: 'a' }))],
    ['NUL in a PAX link', () => tarWith(pax('15 linkpath=a\0b\n'), block({ 0: 'a', 156: '2', 157: 'x' }))],
    ['a PAX record of a wrong length', () => tarWith(pax('99 path=a\n'), block({ 0: 'a' }))],
    ['a PAX record without value', () => tarWith(pax('7 path\n'), block({ 0: 'a' }))],
    ['a PAX size that is no number', () => tarWith(pax('10 size=x\n'), block({ 0: 'a' }))],
    ['a PAX owner that is no number', () => tarWith(pax('11 uid=0x1\n'), block({ 0: 'a' }))],
    ['an owner that means "leave it"', () => tarWith(pax('18 uid=4294967295\n'), block({ 0: 'a' }))],
    ['a PAX time that is no number', () => tarWith(pax('14 mtime=now\n'), block({ 0: 'a' }))],
    ['a size beyond all files', () => tarWith(block({ 0: 'a', 124: Buffer.alloc(12, 0xff).fill(0x80, 0, 1) }))],
    ['a negative size', () => tarWith(block({ 0: 'a', 124: Buffer.alloc(12, 0xff) }))],
    ['a sparse file', () => tarWith(pax('22 GNU.sparse.major=1\n'), block({ 0: 'a' }))],
    ['an unknown kind', () => tarWith(block({ 0: 'a', 156: 'V' }))],
    ['an empty name', () => tarWith(block({}))],
    ['a link to nothing', () => tarWith(block({ 0: 'a', 156: '2' }))],
  ])('%s', async (_what, tar) => {
    const error = await wholeEntries(await tar()).catch(error => error)
    expect(error).toMatchObject({ code: 'TAR_INVALID', message: expect.stringMatching(/^a\.tar: (?!a\.tar)/) })
    expect(error.message).not.toContain('\n')
  })

  it('and passes on what goes wrong before it, in headers and in bodies', async () => {
    for (const good of [512, 1000]) {
      const failing = async function* () {
        yield (await sound).subarray(0, good)
        throw new Error('the wire broke')
      }
      const read = async () => {
        for await (const { body } of readTar(failing(), 'a.tar')) await collect(body)
      }
      await expect(read()).rejects.toThrow('the wire broke')
    }
  })
})

describe('readTar agrees with docker on', () => {
  it('where a tar ends', async () => {
    expect(await paths(Buffer.concat([block({ 0: 'a' }), END, block({ 0: 'hidden' }), END]))).toEqual(['a'])
    expect(await paths(Buffer.concat([block({ 0: 'a' }), Buffer.alloc(512), block({ 0: 'b' }), END]))).toEqual([
      'a',
      'b',
    ])
    expect(await paths(block({ 0: 'no end' }))).toEqual(['no end'])
    expect(await paths(Buffer.alloc(0))).toEqual([])
  })

  it('what has no contents, whatever its size says', async () => {
    const link = block({ 0: 'link', 124: '00000001000\0', 156: '2', 157: 'a' })
    const folder = block({ 0: 'folder/', 124: '00000001000\0', 156: '5' })
    expect(await paths(tarWith(link, folder, block({ 0: 'b' })))).toEqual(['link', 'folder/', 'b'])
  })

  it('tars older than ustar', async () => {
    expect(await paths(tarWith(block({ 0: 'old', 257: '\0'.repeat(8) })))).toEqual(['old'])
  })

  it('PAX headers for all members, which it leaves aside, and records without value', async () => {
    const [, records] = [0, 512].map(start => pax('12 uid=1234\n').subarray(start, start + 512))
    const forAll = Buffer.concat([block({ 0: 'g', 124: '00000000014\0', 156: 'g' }), records!])
    const owned = block({ 0: 'b', 108: '0000007\0' })
    const entries = await wholeEntries(tarWith(forAll, block({ 0: 'a' }), pax('7 uid=\n'), owned))
    expect(entries.map(({ uid }) => uid)).toEqual([0, 7])
  })

  it('times before 1970 in base 256', async () => {
    const time = Buffer.alloc(12, 0xff)
    time.writeInt32BE(-86400, 8)
    const [entry] = await wholeEntries(tarWith(block({ 0: 'a', 136: time })))
    expect(entry!.mtime).toEqual({ seconds: -86400, nanoseconds: 0 })
  })
})

it('comes in few chunks, whether its bodies are few or many, in hand or not', async () => {
  const many = Array.from({ length: 1000 }, (_, i) => file(`small${i}`, { body: Buffer.alloc(1000, i) }))
  const large = Buffer.alloc(700_000, 'large')
  const pieces = [large.subarray(0, 100_000), large.subarray(100_000, 100_001), large.subarray(100_001)]
  const inputs = [
    ...many,
    file('whole', { body: large }),
    file('streamed', { size: large.length, body: bytesOf(...pieces) }),
  ]
  const chunks: Uint8Array[] = []
  for await (const chunk of writeTar(inputs)) chunks.push(chunk)
  expect(chunks.length).toBeLessThan(14)
  expect(chunks.every(chunk => chunk.length > 0)).toBe(true)
  const entries = await wholeEntries(Buffer.concat(chunks))
  expect(entries.map(({ content }) => content.length)).toEqual([...many.map(() => 1000), large.length, large.length])
  expect(entries.slice(-2).every(({ content }) => content.equals(large))).toBe(true)
})
