/** What a header block says, before longer names and PAX records are put in its place; names as latin1, one character a byte. */
export interface TarBlock {
  name: string
  linkname: string
  /** The kind of member, as a character. */
  flag: string
  mode: number
  uid: number
  gid: number
  size: number
  mtime: number
  uname: string
  gname: string
  devmajor: number
  devminor: number
}

export const BLOCK = 512
// Where the fields of a header begin, and how long they are. POSIX ustar.
const NAME = [0, 100] as const
const MODE = [100, 8] as const
const UID = [108, 8] as const
const GID = [116, 8] as const
const SIZE = [124, 12] as const
const MTIME = [136, 12] as const
const SUM = [148, 8] as const
const FLAG = 156
const LINKNAME = [157, 100] as const
const MAGIC = 257
const UNAME = [265, 32] as const
const GNAME = [297, 32] as const
const DEVMAJOR = [329, 8] as const
const DEVMINOR = [337, 8] as const
const PREFIX = [345, 155] as const
const SPACE = 32
const ZERO = 48
type Field = readonly [at: number, length: number]

/** Reads the block at `at`; `zeros` for one of zeros, `broken` when its checksum is wrong. Numbers that are none are NaN. */
export function tarBlock(bytes: Buffer, at: number): TarBlock | 'zeros' | 'broken' {
  const sum = sumOf(bytes, at)
  if (sum === 0) return 'zeros'
  const stated = number(bytes, at, SUM)
  if (stated !== sumWithSpaces(bytes, at, sum)) return 'broken'
  const name = text(bytes, at, NAME)
  const hasPrefix = bytes[at + PREFIX[0]] !== 0 && isUstar(bytes, at + MAGIC)
  return {
    name: hasPrefix ? `${text(bytes, at, PREFIX)}/${name}` : name,
    linkname: text(bytes, at, LINKNAME),
    flag: String.fromCharCode(bytes[at + FLAG]! || ZERO),
    mode: number(bytes, at, MODE),
    uid: number(bytes, at, UID),
    gid: number(bytes, at, GID),
    size: number(bytes, at, SIZE),
    mtime: number(bytes, at, MTIME),
    uname: text(bytes, at, UNAME, 'utf8'),
    gname: text(bytes, at, GNAME, 'utf8'),
    devmajor: number(bytes, at, DEVMAJOR),
    devminor: number(bytes, at, DEVMINOR),
  }
}

function sumOf(bytes: Buffer, at: number): number {
  let sum = 0
  for (let i = at; i < at + BLOCK; i++) sum += bytes[i]!
  return sum
}

/** The checksum's own bytes count as spaces. */
function sumWithSpaces(bytes: Buffer, at: number, sum: number): number {
  const [begin, length] = SUM
  for (let i = at + begin; i < at + begin + length; i++) sum += SPACE - bytes[i]!
  return sum
}

/** GNU's own format has a space there, and something else in the place of the prefix. */
function isUstar(bytes: Buffer, at: number): boolean {
  return bytes.toString('latin1', at, at + 6) === 'ustar\0'
}

function text(bytes: Buffer, block: number, [at, length]: Field, encoding: 'latin1' | 'utf8' = 'latin1'): string {
  const begin = block + at
  let end = begin
  while (end < begin + length && bytes[end] !== 0) end++
  if (end === begin) return ''
  return bytes.toString(encoding, begin, end)
}

/** Octal digits up to a space or whatever is none; spaces or NULs before them are passed over. Without any it is zero. */
function number(bytes: Buffer, block: number, [at, length]: Field): number {
  const end = block + at + length
  let next = block + at
  if (bytes[next]! & 0x80) return base256(bytes, next, end)
  while (next < end && bytes[next] === SPACE) next++
  while (next < end && bytes[next] === 0) next++
  if (next === end || bytes[next] === SPACE) return 0
  const begin = next
  let value = 0
  for (; next < end; next++) {
    const digit = bytes[next]! - ZERO
    if (digit < 0 || digit > 7) break
    value = value * 8 + digit
  }
  return next === begin ? Number.NaN : value
}

/** GNU's way of larger and of negative numbers: two's complement, without the first bit. */
function base256(bytes: Buffer, begin: number, end: number): number {
  const negative = (bytes[begin]! & 0x40) !== 0
  let value = bytes[begin]! & 0x3f
  if (negative) value -= 0x40
  for (let next = begin + 1; next < end; next++) value = value * 256 + bytes[next]!
  return Number.isSafeInteger(value) ? value : Number.NaN
}

/** A body fills whole blocks. */
export function padded(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK
}
