import { OciError } from '../errors.ts'
import type { Bytes } from './bytes.ts'
import { Gathering, LARGE } from './chunks.ts'
import { InHand } from './inHand.ts'
import type { TarHeader, TarInput, TarType } from './tar.ts'
import { BLOCK, padded } from './tarBlock.ts'

const FLAGS: Record<TarType, string> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  character: '3',
  block: '4',
  directory: '5',
  fifo: '6',
}
const LARGEST_OCTAL_7 = 0o7777777
const LARGEST_OCTAL_11 = 0o77777777777
const OWNER_NAME_LENGTH = 31
const SLASH = 47
const SPACE = 32
const ZERO = 48
const CHECKSUM = 148
const NOTHING = Buffer.alloc(0)
const NO_XATTRS: TarHeader['xattrs'] = new Map()
const USTAR = Buffer.from('ustar\x0000', 'latin1')
const PAX_HEADER = Buffer.from('PaxHeader')

/**
 * A tar of the members, always to the same bytes: USTAR headers, and a PAX header only for what USTAR cannot say.
 * A body that comes as a stream needs its `size` stated.
 * Throws `SIZE_INVALID` when a body is not as long as its header says, `TAR_INVALID` for names no tar can hold.
 */
export async function* writeTar(entries: AsyncIterable<TarInput> | Iterable<TarInput>): Bytes {
  const out = new Gathering()
  for await (const input of entries) {
    const header = complete(input)
    putHeaders(out, header)
    if (header.type === 'file') {
      const body = input.body instanceof InHand ? input.body.all : (input.body ?? NOTHING)
      // What is in hand and small is put there without waiting: of many small files that was a third of the time.
      if (body instanceof Uint8Array && body.length <= LARGE) putSmall(out, body, header)
      else yield* largeBody(out, body, header)
      putZeros(out, padded(header.size) - header.size)
    }
    if (out.hasWhole) yield* out.take()
  }
  putZeros(out, 2 * BLOCK)
  yield* out.take({ all: true })
}

function complete(input: TarInput): TarHeader {
  const { path, linkpath, xattrs } = input
  const badXattr = xattrs && [...xattrs.keys()].find(name => name.includes('=') || name.includes('\0'))
  if (path.length === 0 || path.includes(0) || linkpath?.includes(0) || badXattr !== undefined)
    throw new OciError('TAR_INVALID', `${path}: no tar can hold this name`, { got: badXattr ?? String(path) })
  const length = input.body instanceof Uint8Array ? input.body.length : 0
  return {
    ...input,
    mode: input.mode ?? { directory: 0o755, symlink: 0o777 }[input.type as string] ?? 0o644,
    uid: input.uid ?? 0,
    gid: input.gid ?? 0,
    size: input.type === 'file' ? (input.size ?? length) : 0,
    mtime: input.mtime ?? { seconds: 0, nanoseconds: 0 },
    devmajor: input.devmajor ?? 0,
    devminor: input.devminor ?? 0,
    xattrs: input.xattrs ?? NO_XATTRS,
  }
}

function putSmall(out: Gathering, body: Uint8Array, header: TarHeader): void {
  if (body.length !== header.size) throw wrongSize(header, body.length)
  out.add(body)
}

/** Large chunks pass as they are, small ones are copied: they may be lent. */
async function* largeBody(out: Gathering, body: Uint8Array | Bytes, header: TarHeader): Bytes {
  let written = 0
  for await (const chunk of body instanceof Uint8Array ? [body] : body) {
    written += chunk.length
    if (written > header.size) break
    if (chunk.length < LARGE) {
      out.add(chunk)
      if (out.hasWhole) yield* out.take()
    } else {
      yield* out.take({ all: true })
      yield chunk
    }
  }
  if (written !== header.size) throw wrongSize(header, written)
}

function wrongSize({ path, size }: TarHeader, got: number): OciError {
  return new OciError('SIZE_INVALID', `${path}: wrong size (want ${size} bytes, got ${got})`, { want: size, got })
}

function putHeaders(out: Gathering, header: TarHeader): void {
  const { path, linkpath = NOTHING } = header
  const isBareFolder = header.type === 'directory' && path.at(-1) !== SLASH
  const name = isBareFolder ? Buffer.concat([path, Buffer.from('/')]) : path
  const split = splitName(name)
  const records = paxRecords(header, split ? undefined : name)
  if (records.length > 0) {
    putUstar(out, { ...header, mode: 0o644, size: records.length }, 'x', { name: PAX_HEADER })
    for (let at = 0; at < records.length; at += LARGE) out.add(records.subarray(at, at + LARGE))
    putZeros(out, padded(records.length) - records.length)
  }
  putUstar(out, header, FLAGS[header.type], split ?? { name: name.subarray(0, 100) }, linkpath)
}

interface SplitName {
  name: Buffer
  prefix?: Buffer
}

/** USTAR keeps 100 bytes of name and 155 of a prefix before it. */
function splitName(name: Buffer): SplitName | undefined {
  if (name.length <= 100) return { name }
  for (let slash = name.indexOf(SLASH); slash >= 0 && slash <= 155; slash = name.indexOf(SLASH, slash + 1)) {
    const rest = name.length - slash - 1
    if (slash > 0 && rest > 0 && rest <= 100) return { name: name.subarray(slash + 1), prefix: name.subarray(0, slash) }
  }
  return undefined
}

function paxRecords(header: TarHeader, longName: Buffer | undefined): Buffer {
  const { linkpath, uid, gid, size, mtime, xattrs } = header
  const records: [string, Buffer | string][] = []
  if (gid > LARGEST_OCTAL_7) records.push(['gid', String(gid)])
  if (linkpath && linkpath.length > 100) records.push(['linkpath', linkpath])
  if (mtime.nanoseconds !== 0 || mtime.seconds < 0 || mtime.seconds > LARGEST_OCTAL_11)
    records.push(['mtime', decimal(header)])
  if (longName) records.push(['path', longName])
  if (size > LARGEST_OCTAL_11) records.push(['size', String(size)])
  if (uid > LARGEST_OCTAL_7) records.push(['uid', String(uid)])
  for (const name of [...xattrs.keys()].sort()) records.push([`SCHILY.xattr.${name}`, xattrs.get(name)!])
  if (records.length === 0) return NOTHING
  return Buffer.concat(records.map(([key, value]) => record(key, Buffer.from(value as Buffer))))
}

function record(key: string, value: Buffer): Buffer {
  const rest = 1 + Buffer.byteLength(key) + 1 + value.length + 1
  let length = rest + String(rest).length
  if (rest + String(length).length !== length) length = rest + String(length).length
  return Buffer.concat([Buffer.from(`${length} ${key}=`), value, Buffer.from('\n')])
}

function decimal({ mtime: { seconds, nanoseconds } }: TarHeader): string {
  if (nanoseconds === 0) return String(seconds)
  // Nanoseconds count forward from seconds, the decimal point counts away from zero.
  const [whole, part] = seconds >= 0 ? [String(seconds), nanoseconds] : [`-${-seconds - 1}`, 1e9 - nanoseconds]
  return `${whole}.${String(part).padStart(9, '0').replace(/0+$/, '')}`
}

function putUstar(
  out: Gathering,
  header: TarHeader,
  flag: string,
  { name, prefix }: SplitName,
  link: Buffer = NOTHING,
): void {
  const block = out.room(BLOCK).fill(0)
  name.copy(block, 0)
  putOctal(block, header.mode & 0o7777, 7, 100)
  putOctal(block, header.uid, 7, 108)
  putOctal(block, header.gid, 7, 116)
  putOctal(block, header.size, 11, 124)
  putOctal(block, header.mtime.seconds, 11, 136)
  block.fill(SPACE, CHECKSUM, CHECKSUM + 8)
  block[156] = flag.charCodeAt(0)
  link.copy(block, 157, 0, 100)
  USTAR.copy(block, 257)
  if (header.uname) block.write(header.uname, 265, OWNER_NAME_LENGTH)
  if (header.gname) block.write(header.gname, 297, OWNER_NAME_LENGTH)
  putOctal(block, header.devmajor, 7, 329)
  putOctal(block, header.devminor, 7, 337)
  prefix?.copy(block, 345)
  let sum = 0
  for (let at = 0; at < BLOCK; at++) sum += block[at]!
  putOctal(block, sum, 6, CHECKSUM)
}

/** Digits, with zeros before them, and a NUL. Of what does not fit, which is in the PAX header, it is zero. */
function putOctal(block: Buffer, value: number, digits: number, at: number): void {
  let left = value >= 0 && value < 8 ** digits ? value : 0
  for (let place = at + digits - 1; place >= at; place--) {
    block[place] = ZERO + (left % 8)
    left = Math.floor(left / 8)
  }
  block[at + digits] = 0
}

function putZeros(out: Gathering, size: number): void {
  out.room(size).fill(0)
}
