import { Readable } from 'node:stream'
import { extract } from 'tar-stream'
import { OciError } from '../errors.ts'
import { type PaxRecords, parsePax } from './pax.ts'
import type { TarHeader } from './tar.ts'
import { NO_RECORDS, tarHeader } from './tarHeader.ts'

/** What tar-stream keeps to itself and is mended here. */
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

/** Made to keep every byte of a name and to see the same members in a tar as docker does. */
function tarStream(): ReturnType<typeof extract> {
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

const FLAGS: Record<string, string> = {
  ...{ file: '0', link: '1', symlink: '2', 'character-device': '3', 'block-device': '4', directory: '5', fifo: '6' },
  'contiguous-file': '7',
}

/** What tar-stream finds in a tar, its numbers mended: it forgets the one of two's complement. */
export async function* membersByTarStream(tar: Uint8Array): AsyncGenerator<TarHeader & { content: Buffer }> {
  const parser = tarStream()
  Readable.from([tar]).pipe(parser)
  const mended = (value = 0) => (value < 0 || Object.is(value, -0) ? value - 1 : value)
  for await (const entry of parser) {
    const { name, linkname, type, mode, uid, gid, size, mtime, uname, gname, devmajor, devminor, pax } = entry.header
    const block = {
      ...{ name, linkname: linkname ?? '', flag: FLAGS[type ?? ''] ?? '?', mode: mode ?? 0, uname: uname ?? '' },
      ...{ uid: mended(uid), gid: mended(gid), size: mended(size), mtime: mended((mtime?.getTime() ?? 0) / 1000) },
      ...{ gname: gname ?? '', devmajor: devmajor ?? 0, devminor: devminor ?? 0 },
    }
    const header = tarHeader(block, (pax ?? NO_RECORDS) as PaxRecords, what => new OciError('TAR_INVALID', what))
    const chunks: Buffer[] = []
    for await (const chunk of entry) chunks.push(chunk as Buffer)
    yield { ...header, content: Buffer.concat(chunks) }
  }
}
