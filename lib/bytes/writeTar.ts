import { OciError } from '../errors.ts'
import type { Bytes } from './bytes.ts'
import { inLargeChunks } from './chunks.ts'
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
const NOTHING = Buffer.alloc(0)

/**
 * A tar of the members, always to the same bytes: USTAR headers, and a PAX header only for what USTAR cannot say.
 * A body that comes as a stream needs its `size` stated.
 * Throws `SIZE_INVALID` when a body is not as long as its header says, `TAR_INVALID` for names no tar can hold.
 */
export function writeTar(entries: AsyncIterable<TarInput> | Iterable<TarInput>): Bytes {
  return inLargeChunks(blocks(entries))
}

async function* blocks(entries: AsyncIterable<TarInput> | Iterable<TarInput>): Bytes {
  for await (const input of entries) {
    const header = complete(input)
    yield* headerBlocks(header)
    if (header.type === 'file') yield* bodyBlocks(input.body ?? NOTHING, header)
  }
  yield Buffer.alloc(2 * BLOCK)
}

function complete(input: TarInput): TarHeader {
  const { path, linkpath, xattrs } = input
  const badXattr = [...(xattrs?.keys() ?? [])].find(name => name.includes('=') || name.includes('\0'))
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
    xattrs: input.xattrs ?? new Map(),
  }
}

async function* bodyBlocks(body: Uint8Array | Bytes, { path, size }: TarHeader): Bytes {
  let written = 0
  for await (const chunk of body instanceof Uint8Array ? [body] : body) {
    written += chunk.length
    if (written > size) break
    yield chunk
  }
  if (written !== size)
    throw new OciError('SIZE_INVALID', `${path}: wrong size (want ${size} bytes, got ${written})`, {
      want: size,
      got: written,
    })
  yield padding(size)
}

function* headerBlocks(header: TarHeader): Iterable<Uint8Array> {
  const { path, linkpath = NOTHING } = header
  const isBareFolder = header.type === 'directory' && path.at(-1) !== SLASH
  const name = isBareFolder ? Buffer.concat([path, Buffer.from('/')]) : path
  const split = splitName(name)
  const records = paxRecords(header, split ? undefined : name)
  if (records.length > 0) {
    yield ustar({ ...header, mode: 0o644, size: records.length }, 'x', { name: Buffer.from('PaxHeader') })
    yield records
    yield padding(records.length)
  }
  yield ustar(header, FLAGS[header.type], split ?? { name: name.subarray(0, 100) }, linkpath)
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

function ustar(header: TarHeader, flag: string, { name, prefix }: SplitName, link: Buffer = NOTHING): Buffer {
  const block = Buffer.alloc(BLOCK)
  const octal = (value: number, digits: number, at: number) => {
    // What does not fit is in the PAX header; here stands zero.
    const fits = value >= 0 && value < 8 ** digits
    block.write(`${(fits ? value : 0).toString(8).padStart(digits, '0')}\0`, at, 'latin1')
  }
  name.copy(block, 0)
  octal(header.mode & 0o7777, 7, 100)
  octal(header.uid, 7, 108)
  octal(header.gid, 7, 116)
  octal(header.size, 11, 124)
  octal(header.mtime.seconds, 11, 136)
  block.write('        ', 148, 'latin1')
  block.write(flag, 156, 'latin1')
  link.copy(block, 157, 0, 100)
  block.write('ustar\x0000', 257, 'latin1')
  block.write(header.uname ?? '', 265, OWNER_NAME_LENGTH)
  block.write(header.gname ?? '', 297, OWNER_NAME_LENGTH)
  octal(header.devmajor, 7, 329)
  octal(header.devminor, 7, 337)
  prefix?.copy(block, 345)
  let sum = 0
  for (const byte of block) sum += byte
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return block
}

/** The zeros that fill the last block of `size` bytes. */
function padding(size: number): Buffer {
  return Buffer.alloc(padded(size) - size)
}
