import { Readable } from 'node:stream'
import { extract, type Header } from 'tar-stream'
import { isOciError, OciError } from '../errors.ts'
import type { Bytes } from './bytes.ts'
import type { TarEntry, TarTime, TarType } from './tar.ts'

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

/** The members of a tar, in order. Throws `TAR_INVALID` for what is corrupt, cut short or of an unknown kind. */
export async function* readTar(bytes: Bytes, where: string): AsyncGenerator<TarEntry> {
  const parser = byteExact(extract({ filenameEncoding: 'latin1' } as object))
  const source = Readable.from(bytes, { objectMode: false, highWaterMark: 1 << 20 })
  let upstream: unknown
  source.on('error', error => {
    upstream = error
    parser.destroy(error)
  })
  source.pipe(parser)
  try {
    for await (const entry of parser) {
      yield { ...headerOf(entry.header, where), body: entry as unknown as Bytes }
      entry.resume()
    }
  } catch (error) {
    if (upstream !== undefined) throw upstream
    if (isOciError(error)) throw error
    throw new OciError('TAR_INVALID', `${where}: ${(error as Error).message}`, { where }, { cause: error })
  } finally {
    source.destroy()
    parser.destroy()
  }
}

type Parser = ReturnType<typeof extract>
type Internals = { _header: { type: string }; _pax: Records | null; _paxGlobal: Records | null }
type Records = Record<string, string>

// tar-stream decodes PAX records as UTF-8 and so loses the bytes of xattrs and of names from elsewhere.
// This hands it the same records decoded as latin1, one character a byte, as it does with all other names.
function byteExact(parser: Parser): Parser {
  const internals = parser as unknown as Internals & { _decodeLongHeader(buffer: Buffer): void }
  const original = internals._decodeLongHeader
  internals._decodeLongHeader = function (this: Internals, buffer: Buffer) {
    if (this._header.type === 'pax-header') this._pax = { ...this._paxGlobal, ...paxRecords(buffer) }
    else if (this._header.type === 'pax-global-header') this._paxGlobal = paxRecords(buffer)
    else original.call(this, buffer)
  }
  return parser
}

/** `LENGTH KEY=VALUE\n`, again and again; LENGTH counts itself. pax(1) § Extended Header. */
function paxRecords(buffer: Buffer): Records {
  const records: Records = Object.create(null)
  for (let start = 0; start < buffer.length; ) {
    const space = buffer.indexOf(' ', start)
    const length = Number(buffer.toString('latin1', start, space))
    const end = start + length
    const equals = buffer.indexOf('=', space)
    const sound =
      space > start && Number.isInteger(length) && length > 0 && end <= buffer.length && buffer[end - 1] === 10
    if (!sound || equals < 0 || equals >= end)
      throw new OciError('TAR_INVALID', `PAX record at byte ${start}: malformed`, { got: start })
    records[buffer.toString('latin1', space + 1, equals)] = buffer.toString('latin1', equals + 1, end - 1)
    start = end
  }
  return records
}

function headerOf(header: Header, where: string): Omit<TarEntry, 'body'> {
  const pax = (header.pax ?? {}) as Records
  const type = TYPES[header.type ?? '']
  const name = pax.path ?? header.name
  if (type === undefined) throw invalid(where, name, 'a member of an unknown kind')
  if (name.includes('\0') || header.linkname?.includes('\0')) throw invalid(where, name, 'NUL in a name')
  if (Object.keys(pax).some(key => key.startsWith('GNU.sparse.')))
    throw invalid(where, name, 'a sparse file, which layers may not have')
  const isLink = type === 'symlink' || type === 'hardlink'
  return {
    path: Buffer.from(name, 'latin1'),
    type,
    linkpath: isLink ? Buffer.from(header.linkname ?? '', 'latin1') : undefined,
    mode: (header.mode ?? 0) & 0o7777,
    uid: number(pax.uid, header.uid, where, name),
    gid: number(pax.gid, header.gid, where, name),
    uname: header.uname || undefined,
    gname: header.gname || undefined,
    size: type === 'file' ? (header.size ?? 0) : 0,
    mtime:
      pax.mtime === undefined
        ? { seconds: Math.floor((header.mtime?.getTime() ?? 0) / 1000), nanoseconds: 0 }
        : time(pax.mtime, where, name),
    devmajor: header.devmajor ?? 0,
    devminor: header.devminor ?? 0,
    xattrs: xattrs(pax),
  }
}

function xattrs(pax: Records): Map<string, Buffer> {
  const found = Object.entries(pax).filter(([key]) => key.startsWith(XATTR))
  return new Map(found.map(([key, value]) => [key.slice(XATTR.length), Buffer.from(value, 'latin1')]))
}

function number(text: string | undefined, otherwise: number | undefined, where: string, name: string): number {
  const value = text === undefined ? (otherwise ?? 0) : Number(text)
  if (!Number.isSafeInteger(value) || value < 0)
    throw invalid(where, name, `an owner that is no number (${text ?? otherwise})`)
  return value
}

/** `-1.5` is half a second before -1: nanoseconds always count forward. */
function time(text: string, where: string, name: string): TarTime {
  const [, sign, whole, fraction = ''] = /^(-?)(\d+)(?:\.(\d*))?$/.exec(text) ?? []
  if (whole === undefined) throw invalid(where, name, `a time that is no number (${text})`)
  const seconds = Number(whole)
  const nanoseconds = Number(fraction.padEnd(9, '0').slice(0, 9))
  if (sign === '') return { seconds, nanoseconds }
  return nanoseconds === 0
    ? { seconds: -seconds, nanoseconds }
    : { seconds: -seconds - 1, nanoseconds: 1e9 - nanoseconds }
}

function invalid(where: string, name: string, what: string): OciError {
  const path = Buffer.from(name, 'latin1').toString()
  return new OciError('TAR_INVALID', `${where}: ${path}: ${what}`, { where, got: path })
}
