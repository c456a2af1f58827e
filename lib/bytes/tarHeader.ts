import type { OciError } from '../errors.ts'
import type { PaxRecords } from './pax.ts'
import type { TarHeader, TarTime, TarType } from './tar.ts'
import type { TarBlock } from './tarBlock.ts'

const TYPES: Record<string, TarType> = {
  0: 'file',
  1: 'hardlink',
  2: 'symlink',
  3: 'character',
  4: 'block',
  5: 'directory',
  6: 'fifo',
  // A contiguous file.
  7: 'file',
}

const XATTR = 'SCHILY.xattr.'
// chown(2) takes 32 bits, of which -1 means "leave it".
const LARGEST_OWNER = 2 ** 32 - 2
const SLASH = '/'

/** Of a member that has none: the same for all. */
export const NO_RECORDS: PaxRecords = Object.freeze(Object.create(null))
const NO_XATTRS: TarHeader['xattrs'] = new Map()

/** What a member is, by its block and the records before it. Throws what `fail` makes. */
export function tarHeader(block: TarBlock, pax: PaxRecords, fail: Fail): TarHeader {
  const { name, linkname } = block
  const type = typeOf(block)
  // Only files have contents; the size that others state is no more than a hint. Go's archive/tar, and so docker, agrees.
  const size = TYPES[block.flag] === 'file' ? block.size : 0
  if (type === undefined) throw fail('a member of an unknown kind')
  if (name === '') throw fail('a member without a name')
  if (size < 0) throw fail('a negative size')
  if (Number.isNaN(size)) throw fail('a size that is no number')
  if (type === 'directory' && size > 0) throw fail('a folder with contents')
  if (name.includes('\0') || linkname.includes('\0')) throw fail('NUL in a name')
  if (pax !== NO_RECORDS && Object.keys(pax).some(key => key.startsWith('GNU.sparse.')))
    throw fail('a sparse file, which layers may not have')
  const isLink = type === 'symlink' || type === 'hardlink'
  if (isLink && linkname === '') throw fail('a link to nothing')
  return {
    path: Buffer.from(name, 'latin1'),
    type,
    linkpath: isLink ? Buffer.from(linkname, 'latin1') : undefined,
    mode: block.mode & 0o7777,
    uid: owner(pax.uid, block.uid, fail),
    gid: owner(pax.gid, block.gid, fail),
    uname: utf8(pax.uname) ?? (block.uname || undefined),
    gname: utf8(pax.gname) ?? (block.gname || undefined),
    size,
    mtime: pax.mtime ? decimalTime(pax.mtime, fail) : headerTime(block.mtime, fail),
    devmajor: block.devmajor || 0,
    devminor: block.devminor || 0,
    xattrs: xattrs(pax),
  }
}

/** Before there was a kind for folders, a file with a slash at its end was one: GNU tar and libarchive still take it so. */
function typeOf({ flag, name }: TarBlock): TarType | undefined {
  const known = TYPES[flag]
  return known === 'file' && name.endsWith(SLASH) ? 'directory' : known
}

export type Fail = (what: string) => OciError

function headerTime(seconds: number, fail: Fail): TarTime {
  if (Number.isNaN(seconds)) throw fail('a time that is no number')
  return { seconds, nanoseconds: 0 }
}

function xattrs(pax: PaxRecords): TarHeader['xattrs'] {
  if (pax === NO_RECORDS) return NO_XATTRS
  const found = Object.entries(pax).filter(([key]) => key.startsWith(XATTR))
  return new Map(found.map(([key, value]) => [utf8(key.slice(XATTR.length))!, Buffer.from(value, 'latin1')]))
}

function utf8(latin1: string | undefined): string | undefined {
  return latin1 ? Buffer.from(latin1, 'latin1').toString() : undefined
}

// An empty PAX record is none: then the header counts. pax(1)
function owner(text: string | undefined, otherwise: number, fail: Fail): number {
  const value = text ? (/^\d+$/.test(text) ? Number(text) : Number.NaN) : otherwise
  if (value >= 0 && value <= LARGEST_OWNER) return value
  throw fail(`an owner that is no user or group id (${text || otherwise})`)
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
