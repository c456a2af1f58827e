import { type FileHandle, open } from 'node:fs/promises'
import { OciError } from '../errors.ts'

const BLOCK = 512
// Small members lie close together: one read gets many headers. Large bodies are jumped over.
const WINDOW = 64 << 10
const LONG_NAME_LIMIT = 1 << 20

/** Where a member's bytes lie in the archive, so that they can be read without reading what is before them. */
export interface Member {
  readonly type: 'file' | 'symlink' | 'hardlink' | 'other'
  readonly offset: number
  readonly size: number
  readonly target: string
}

type Records = Record<string, string>

/** The members of a tar by name; the later of two with one name wins, as it does when a tar is unpacked. Throws `ARCHIVE_INVALID`. */
export async function tarMembers(path: string, where: string): Promise<Map<string, Member>> {
  const file = await open(path, 'r')
  try {
    return await new Scan(file, (await file.stat()).size, where).members()
  } finally {
    await file.close()
  }
}

class Scan {
  readonly #file: FileHandle
  readonly #size: number
  readonly #where: string
  #window: Buffer = Buffer.alloc(0)
  #start = 0

  constructor(file: FileHandle, size: number, where: string) {
    this.#file = file
    this.#size = size
    this.#where = where
  }

  async members(): Promise<Map<string, Member>> {
    const members = new Map<string, Member>()
    let pending: Records = {}
    for (let at = 0; ; ) {
      const header = await this.#header(at)
      if (header === 'end') break
      if (header === 'zeros') {
        at += BLOCK
        continue
      }
      const flag = String.fromCharCode(header[156]!)
      const size = sizeOf(header, flag, pending)
      const offset = at + BLOCK
      const next = offset + Math.ceil(size / BLOCK) * BLOCK
      if (!Number.isSafeInteger(next) || size < 0 || offset + size > this.#size)
        throw this.#invalid(at, 'a member goes on after the end: the archive is cut short')
      at = next
      if (flag === 'x') pending = { ...pending, ...this.#paxRecords(at, await this.#text(offset, size)) }
      else if (flag === 'L') pending.path = untilNul(await this.#text(offset, size))
      else if (flag === 'K') pending.linkpath = untilNul(await this.#text(offset, size))
      else if (flag !== 'g') {
        const target = pending.linkpath || untilNul(header.toString('latin1', 157, 257))
        const name = pending.path || headerName(header)
        if (name.includes('\0') || target.includes('\0')) throw this.#invalid(offset - BLOCK, 'NUL in a name')
        members.set(plainName(name), { type: typeOf(flag), offset, size, target })
        pending = {}
      }
    }
    if (members.size === 0) throw this.#invalid(0, 'no members')
    return members
  }

  /** The header at an offset. The end is two blocks of zeros, or simply the end; a single one is passed over, as layers' are. */
  async #header(at: number): Promise<Buffer | 'zeros' | 'end'> {
    if (at >= this.#size) return 'end'
    const header = await this.#read(at, BLOCK)
    if (header.length < BLOCK) throw this.#invalid(at, 'half a header: the archive is cut short')
    if (header.every(byte => byte === 0)) {
      const next = await this.#read(at + BLOCK, BLOCK)
      return next.every(byte => byte === 0) ? 'end' : 'zeros'
    }
    const sum = header.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 32 : byte), 0)
    if (sum !== number(header, 148, 8)) throw this.#invalid(at, 'not a tar header')
    return header
  }

  async #text(offset: number, size: number): Promise<string> {
    if (size > LONG_NAME_LIMIT) throw this.#invalid(offset, `a name of ${size} bytes`)
    return (await this.#read(offset, size)).toString('latin1')
  }

  #paxRecords(at: number, text: string): Records {
    const records: Records = {}
    for (let start = 0; start < text.length; ) {
      const [, digits = '', key = ''] = /^(\d+) ([^=]*)=/.exec(text.slice(start, start + 1024)) ?? []
      const end = start + Number(digits)
      const value = start + digits.length + key.length + 2
      if (digits === '' || end > text.length || value >= end || text[end - 1] !== '\n')
        throw this.#invalid(at, 'a PAX record that is none')
      // An empty value takes back what was said before. pax(1)
      if (key === 'path' || key === 'linkpath' || key === 'size') records[key] = text.slice(value, end - 1)
      start = end
    }
    return records
  }

  async #read(at: number, length: number): Promise<Buffer> {
    if (at < this.#start || at + length > this.#start + this.#window.length) {
      const buffer = Buffer.allocUnsafe(Math.max(WINDOW, length))
      const { bytesRead } = await this.#file.read(buffer, 0, buffer.length, at)
      this.#window = buffer.subarray(0, bytesRead)
      this.#start = at
    }
    return this.#window.subarray(at - this.#start, at - this.#start + length)
  }

  #invalid(at: number, what: string): OciError {
    return new OciError('ARCHIVE_INVALID', `${this.#where}: byte ${at}: ${what}`, { where: this.#where, got: at })
  }
}

function typeOf(flag: string): Member['type'] {
  if (flag === '0' || flag === '\0' || flag === '7') return 'file'
  if (flag === '1') return 'hardlink'
  return flag === '2' ? 'symlink' : 'other'
}

function headerName(header: Buffer): string {
  const name = untilNul(header.toString('latin1', 0, 100))
  // Only POSIX's format has a prefix; GNU keeps other things there.
  const prefix = header.toString('latin1', 257, 263) === 'ustar\0' ? untilNul(header.toString('latin1', 345, 500)) : ''
  return prefix === '' ? name : `${prefix}/${name}`
}

/** `./a//b/` is `a/b`; what climbs with `..` keeps its name, and nobody will find it. */
function plainName(name: string): string {
  return name
    .split('/')
    .filter(part => part !== '' && part !== '.')
    .join('/')
}

/** Octal digits, or, with the top bit set, a big-endian number. */
function number(header: Buffer, at: number, length: number): number {
  if ((header[at]! & 0x80) === 0) {
    const digits = untilNul(header.toString('latin1', at, at + length).replace(/^[\0 ]+/, '')).trim()
    return /^[0-7]*$/.test(digits) ? Number.parseInt(digits || '0', 8) : Number.NaN
  }
  return header.subarray(at + 1, at + length).reduce((total, byte) => total * 256 + byte, header[at]! & 0x7f)
}

/** How many bytes follow the header. What only has a name has none, whatever it says: Go, and so docker, agrees. */
function sizeOf(header: Buffer, flag: string, { size }: Records): number {
  if (['1', '2', '3', '4', '5', '6'].includes(flag)) return 0
  const own = number(header, 124, 12)
  if (!size || ['x', 'g', 'L', 'K'].includes(flag)) return own
  return /^\d+$/.test(size) ? Number(size) : Number.NaN
}

function untilNul(text: string): string {
  const nul = text.indexOf('\0')
  return nul < 0 ? text : text.slice(0, nul)
}
