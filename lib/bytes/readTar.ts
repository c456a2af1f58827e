import { Readable } from 'node:stream'
import type { Header } from 'tar-stream'
import { isOciError, OciError } from '../errors.ts'
import type { Bytes } from './bytes.ts'
import type { TarEntry, TarHeader, TarTime, TarType } from './tar.ts'
import { type PaxRecords, tarParser } from './tarParser.ts'

const TYPES: Record<string, TarType> = {
  file: 'file',
  'contiguous-file': 'file',
  link: 'hardlink',
  symlink: 'symlink',
  directory: 'directory',
  'character-device': 'character',
  'block-device': 'block',
  fifo: 'fifo',
}

const XATTR = 'SCHILY.xattr.'
// chown(2) takes 32 bits, of which -1 means "leave it".
const LARGEST_OWNER = 2 ** 32 - 2

/** The members of a tar, in order. Throws `TAR_INVALID` for what is corrupt, cut short or of an unknown kind. */
export async function* readTar(bytes: Bytes, where: string): AsyncGenerator<TarEntry> {
  const parser = tarParser()
  const source = Readable.from(bytes, { objectMode: false, highWaterMark: 1 << 20 })
  let upstream: unknown
  source.on('error', error => {
    upstream = error
    parser.destroy(error)
  })
  const named = (error: unknown) => {
    // What went wrong before us keeps its own name.
    if (error === upstream) return error
    const message = (error as Error).message
    if (isOciError(error)) return message.startsWith(where) ? error : tarInvalid(where, message, error)
    return tarInvalid(where, message, error)
  }
  source.pipe(parser)
  try {
    for await (const entry of parser) {
      yield { ...headerOf(entry.header, where), body: bodyOf(entry, named) }
      entry.resume()
    }
  } catch (error) {
    throw named(error)
  } finally {
    source.destroy()
    parser.destroy()
  }
}

/** A body that may be left half-read: tar-stream would take that for the end of the whole tar. */
async function* bodyOf(entry: AsyncIterable<unknown>, named: (error: unknown) => unknown): Bytes {
  const chunks = (entry as Bytes)[Symbol.asyncIterator]()
  for (;;) {
    const { done, value } = await chunks.next().catch(error => {
      throw named(error)
    })
    if (done) return
    yield value
  }
}

function headerOf(header: Header, where: string): TarHeader {
  const pax = (header.pax ?? {}) as PaxRecords
  const type = typeOf(header)
  const { name, linkname } = header
  const shown = `${Buffer.from(name.slice(0, 300), 'latin1')}${name.length > 300 ? '…' : ''}`
  const fail = (what: string) => tarInvalid(`${where}: ${shown}`, what)
  if (type === undefined) throw fail('a member of an unknown kind')
  if (name === '') throw fail('a member without a name')
  if (type === 'directory' && header.type !== 'directory' && header.size) throw fail('a folder with contents')
  if (name.includes('\0') || linkname?.includes('\0')) throw fail('NUL in a name')
  if (Object.keys(pax).some(key => key.startsWith('GNU.sparse.')))
    throw fail('a sparse file, which layers may not have')
  // What tar-stream makes of -1 in base 256; less than that it refuses by itself.
  if (Object.is(header.size, -0)) throw fail('a negative size')
  const isLink = type === 'symlink' || type === 'hardlink'
  if (isLink && !linkname) throw fail('a link to nothing')
  return {
    path: Buffer.from(name, 'latin1'),
    type,
    linkpath: isLink ? Buffer.from(linkname!, 'latin1') : undefined,
    mode: (header.mode ?? 0) & 0o7777,
    uid: owner(pax.uid, header.uid, fail),
    gid: owner(pax.gid, header.gid, fail),
    uname: utf8(pax.uname) ?? (header.uname || undefined),
    gname: utf8(pax.gname) ?? (header.gname || undefined),
    size: header.size ?? 0,
    mtime: pax.mtime ? decimalTime(pax.mtime, fail) : headerTime(header.mtime, fail),
    devmajor: header.devmajor || 0,
    devminor: header.devminor || 0,
    xattrs: xattrs(pax),
  }
}

/** Before there was a kind for folders, a file with a slash at its end was one: GNU tar and libarchive still take it so. */
function typeOf({ type, name }: Header): TarType | undefined {
  const known = TYPES[type ?? '']
  return known === 'file' && name.endsWith('/') ? 'directory' : known
}

type Fail = (what: string) => OciError

function xattrs(pax: PaxRecords): Map<string, Buffer> {
  const found = Object.entries(pax).filter(([key]) => key.startsWith(XATTR))
  return new Map(found.map(([key, value]) => [utf8(key.slice(XATTR.length))!, Buffer.from(value, 'latin1')]))
}

function utf8(latin1: string | undefined): string | undefined {
  return latin1 ? Buffer.from(latin1, 'latin1').toString() : undefined
}

// An empty PAX record is none: then the header counts. pax(1)
function owner(text: string | undefined, otherwise: number | undefined, fail: Fail): number {
  const value = text ? (/^\d+$/.test(text) ? Number(text) : Number.NaN) : (otherwise ?? 0)
  if (value >= 0 && value <= LARGEST_OWNER) return value
  throw fail(`an owner that is no user or group id (${text || otherwise})`)
}

function headerTime(time: Date | undefined, fail: Fail): TarTime {
  const seconds = Math.floor((time?.getTime() ?? 0) / 1000)
  if (Number.isNaN(seconds)) throw fail('a time that is no number')
  // Only base-256 numbers can be negative, and tar-stream gives them one too high: it forgets the one of two's complement.
  return { seconds: seconds < 0 ? seconds - 1 : seconds, nanoseconds: 0 }
}

/** `-1.5` is half a second before -1: nanoseconds always count forward. */
function decimalTime(text: string, fail: Fail): TarTime {
  const [, sign, whole, fraction = ''] = /^(-?)(\d+)(?:\.(\d*))?$/.exec(text) ?? []
  const seconds = Number(whole)
  if (!Number.isSafeInteger(seconds)) throw fail(`a time that is no number (${text})`)
  const nanoseconds = Number(fraction.padEnd(9, '0').slice(0, 9))
  if (sign === '') return { seconds, nanoseconds }
  // 0 - x, lest -0 comes out.
  return nanoseconds === 0
    ? { seconds: 0 - seconds, nanoseconds }
    : { seconds: -seconds - 1, nanoseconds: 1e9 - nanoseconds }
}

function tarInvalid(where: string, what: string, cause?: unknown): OciError {
  return new OciError('TAR_INVALID', `${where}: ${what}`, { where }, { cause })
}
