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
      if (header === undefined) break
      const flag = String.fromCharCode(header[156]!)
      const size = pending.size === undefined ? number(header, 124, 12) : Number(pending.size)
      const offset = at + BLOCK
      const next = offset + Math.ceil(size / BLOCK) * BLOCK
      if (!Number.isSafeInteger(next) || size < 0 || offset + size > this.#size)
        throw this.#invalid(at, 'a member goes on after the end: the archive is cut short')
      at = next
      if (flag === 'x') pending = { ...pending, ...paxRecords(await this.#text(offset, size)) }
      else if (flag === 'L') pending.path = untilNul(await this.#text(offset, size))
      else if (flag === 'K') pending.linkpath = untilNul(await this.#text(offset, size))
      else if (flag !== 'g') {
        const target = pending.linkpath ?? untilNul(header.toString('latin1', 157, 257))
        const name = pending.path ?? headerName(header)
        members.set(plainName(name), { type: typeOf(flag), offset, size, target })
        pending = {}
      }
    }
    if (members.size === 0) throw this.#invalid(0, 'no members')
    return members
  }

  /** The header at an offset; undefined at the end, which is a block of zeros or simply the end. */
  async #header(at: number): Promise<Buffer | undefined> {
    if (at >= this.#size) return undefined
    const header = await this.#read(at, BLOCK)
    if (header.length < BLOCK) throw this.#invalid(at, 'half a header: the archive is cut short')
    if (header.every(byte => byte === 0)) return undefined
    const sum = header.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 32 : byte), 0)
    if (sum !== number(header, 148, 8)) throw this.#invalid(at, 'not a tar header')
    return header
  }

  async #text(offset: number, size: number): Promise<string> {
    if (size > LONG_NAME_LIMIT) throw this.#invalid(offset, `a name of ${size} bytes`)
    return (await this.#read(offset, size)).toString('latin1')
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
  if ((header[at]! & 0x80) === 0)
    return Number.parseInt(
      header
        .toString('latin1', at, at + length)
        .replace(/[\0 ]+$/, '')
        .trim() || '0',
      8,
    )
  return header.subarray(at + 1, at + length).reduce((total, byte) => total * 256 + byte, header[at]! & 0x7f)
}

function paxRecords(text: string): Records {
  const records: Records = {}
  for (let start = 0; start < text.length; ) {
    const [, digits, key] = /^(\d+) ([^=]*)=/.exec(text.slice(start, start + 1024)) ?? []
    if (digits === undefined || key === undefined || Number(digits) === 0) break
    const end = start + Number(digits)
    if (key === 'path' || key === 'linkpath' || key === 'size')
      records[key] = text.slice(start + digits.length + key.length + 2, end - 1)
    start = end
  }
  return records
}

function untilNul(text: string): string {
  const nul = text.indexOf('\0')
  return nul < 0 ? text : text.slice(0, nul)
}
