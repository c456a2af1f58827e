import { extract } from 'tar-stream'
import { OciError } from '../errors.ts'

/** PAX records, keys and values as latin1: one character a byte. */
export type PaxRecords = Record<string, string>
export type TarParser = ReturnType<typeof extract>

/** What tar-stream keeps to itself and is mended here; tar.test.ts holds it to that. */
interface Internals {
  _buffer: { buffered: number; shift(size: number): Buffer }
  _header: { type: string; size: number } | null
  _pax: PaxRecords | null
  _decodeLongHeader(buffer: Buffer): void
  _applyLongHeaders(): void
  _consumeHeader(): boolean
  _write(chunk: Buffer, done: (error: Error | null) => void): void
}

// Only these have contents; the size that others state is no more than a hint. Go's archive/tar, and so docker, agrees.
const WITH_BODY = ['file', 'contiguous-file']

/** tar-stream, made to keep every byte of a name and to see the same members in a tar as docker does. */
export function tarParser(): TarParser {
  // v7 tars have no magic number; the checksum still guards them.
  const parser = extract({ filenameEncoding: 'latin1', allowUnknownFormat: true } as object)
  keepBytesOfPax(parser as unknown as Internals)
  ignoreSizeWithoutBody(parser as unknown as Internals)
  endAtTwoZeroBlocks(parser as unknown as Internals)
  return parser
}

// tar-stream decodes PAX records as UTF-8 and so loses the bytes of xattrs and of names from elsewhere.
function keepBytesOfPax(parser: Internals): void {
  const original = parser._decodeLongHeader
  parser._decodeLongHeader = function (this: Internals, buffer) {
    const type = this._header?.type
    if (type === 'pax-header') this._pax = parsePax(buffer)
    // Docker leaves PAX headers that are meant for all members aside; git archive writes a comment there.
    else if (type === 'pax-global-header') parsePax(buffer)
    else original.call(this, buffer)
  }
}

// A link that states a size would hide the members after it from us, but not from others.
function ignoreSizeWithoutBody(parser: Internals): void {
  const original = parser._applyLongHeaders
  parser._applyLongHeaders = function (this: Internals) {
    original.call(this)
    const header = this._header!
    if (header.type !== null && !WITH_BODY.includes(header.type)) header.size = 0
  }
}

// Two zero blocks end a tar, whatever comes after: tar-stream would find members there that nobody else sees.
function endAtTwoZeroBlocks(parser: Internals): void {
  const original = parser._consumeHeader
  let zeros = 0
  parser._consumeHeader = function (this: Internals) {
    const more = original.call(this)
    zeros = more && this._header === null ? zeros + 1 : 0
    if (zeros < 2) return more
    this._buffer.shift(this._buffer.buffered)
    this._write = (_chunk, done) => done(null)
    return true
  }
}

/** `LENGTH KEY=VALUE\n`, again and again; LENGTH counts itself. pax(1) § Extended Header. */
function parsePax(buffer: Buffer): PaxRecords {
  const records: PaxRecords = Object.create(null)
  for (let start = 0; start < buffer.length; ) {
    const space = buffer.indexOf(' ', start)
    const length = buffer.toString('latin1', start, space)
    const end = start + Number(length)
    const equals = buffer.indexOf('=', space)
    const sound = /^\d+$/.test(length) && end <= buffer.length && buffer[end - 1] === 10
    if (!sound || equals < 0 || equals >= end)
      throw new OciError('TAR_INVALID', `PAX record at byte ${start}: malformed`, { got: start })
    const key = buffer.toString('latin1', space + 1, equals)
    const value = buffer.toString('latin1', equals + 1, end - 1)
    if (key === 'size' && !/^\d*$/.test(value))
      throw new OciError('TAR_INVALID', `PAX size is no number (${value})`, { got: value })
    records[key] = value
    start = end
  }
  return records
}
