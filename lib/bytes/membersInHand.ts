import { OciError } from '../errors.ts'
import { InHand } from './inHand.ts'
import { type PaxRecords, parsePax } from './pax.ts'
import type { Pieces } from './pieces.ts'
import type { TarEntry, TarHeader } from './tar.ts'
import { BLOCK, padded, type TarBlock, tarBlock } from './tarBlock.ts'
import { NO_RECORDS, tarHeader } from './tarHeader.ts'

// Records for the next member and for all, GNU's long names and links.
const ABOUT_OTHERS = 'xgLNK'
const LONGEST_ABOUT_OTHERS = 4 << 20
// A body that goes on in the next chunk is put together where it is so small; else it comes as a stream.
const PUT_TOGETHER = 64 << 10
const SHOWN = 300
const EMPTY = new InHand(Buffer.alloc(0))

/** What has to come before there is another member. */
export type Next =
  | { kind: 'bytes'; size: number }
  | { kind: 'large'; header: TarHeader }
  | { kind: 'error'; error: unknown }
  | { kind: 'end' }

/** Finds members in what is in hand, without waiting for anything. */
export class MembersInHand {
  readonly #pieces: Pieces
  readonly #where: string
  #zeros = 0
  #records = NO_RECORDS
  #longName = ''
  #longLink = ''

  constructor(pieces: Pieces, where: string) {
    this.#pieces = pieces
    this.#where = where
  }

  /** All members that are in hand as a whole; an error comes after those before it. */
  take(): { run: TarEntry[]; next: Next } {
    const run: TarEntry[] = []
    try {
      for (;;) {
        const next = this.#one(run)
        if (next) return { run, next }
      }
    } catch (error) {
      return { run, next: { kind: 'error', error } }
    }
  }

  #one(run: TarEntry[]): Next | undefined {
    const pieces = this.#pieces
    if (pieces.left < BLOCK) return { kind: 'bytes', size: BLOCK }
    const block = tarBlock(pieces.bytes, pieces.at)
    if (block === 'broken') throw tarInvalid(this.#where, 'a header with a wrong checksum: corrupt, or no tar at all')
    if (block === 'zeros') return this.#zero()
    this.#zeros = 0
    if (ABOUT_OTHERS.includes(block.flag)) return this.#aboutOthers(block)
    const header = this.#headerOf(block)
    const whole = BLOCK + padded(header.size)
    const isInHand = pieces.left >= whole
    if (!isInHand && header.size <= PUT_TOGETHER) return { kind: 'bytes', size: whole }
    this.#records = NO_RECORDS
    this.#longName = ''
    this.#longLink = ''
    pieces.at += BLOCK
    if (!isInHand) return { kind: 'large', header }
    // A copy of the header would take as long as reading it did.
    run.push(Object.assign(header, { body: header.size === 0 ? EMPTY : new InHand(this.#body(header.size)) }))
    return undefined
  }

  /** Two blocks of zeros end a tar, whatever comes after; a single one is passed over. */
  #zero(): Next | undefined {
    this.#pieces.at += BLOCK
    return ++this.#zeros === 2 ? { kind: 'end' } : undefined
  }

  #aboutOthers({ flag, size }: TarBlock): Next | undefined {
    if (!(size >= 0 && size <= LONGEST_ABOUT_OTHERS))
      throw tarInvalid(this.#where, `a header of ${size} bytes (want at most ${LONGEST_ABOUT_OTHERS})`)
    const whole = BLOCK + padded(size)
    if (this.#pieces.left < whole) return { kind: 'bytes', size: whole }
    this.#pieces.at += BLOCK
    const content = this.#body(size)
    if (flag === 'x') this.#records = this.#pax(content)
    // Docker leaves records for all members aside; git archive writes a comment there.
    else if (flag === 'g') this.#pax(content)
    else if (flag === 'K') this.#longLink = untilNul(content)
    else this.#longName = untilNul(content)
    return undefined
  }

  #headerOf(block: TarBlock): TarHeader {
    const records = this.#records
    if (this.#longName !== '') block.name = this.#longName
    if (this.#longLink !== '') block.linkname = this.#longLink
    // An empty record is none: then the header counts. pax(1)
    if (records.path) block.name = records.path
    if (records.linkpath) block.linkname = records.linkpath
    if (records.size) block.size = Number(records.size)
    return tarHeader(block, records, what => tarInvalid(`${this.#where}: ${shown(block.name)}`, what))
  }

  #body(size: number): Buffer {
    const { bytes, at } = this.#pieces
    this.#pieces.at += padded(size)
    return bytes.subarray(at, at + size)
  }

  #pax(content: Buffer): PaxRecords {
    try {
      return parsePax(content)
    } catch (error) {
      throw tarInvalid(this.#where, (error as Error).message, error)
    }
  }
}

export function cutShort(where: string): OciError {
  return tarInvalid(where, 'unexpected end of data')
}

function untilNul(content: Buffer): string {
  const nul = content.indexOf(0)
  return content.toString('latin1', 0, nul < 0 ? content.length : nul)
}

function shown(name: string): string {
  return `${Buffer.from(name.slice(0, SHOWN), 'latin1')}${name.length > SHOWN ? '…' : ''}`
}

function tarInvalid(where: string, what: string, cause?: unknown): OciError {
  return new OciError('TAR_INVALID', `${where}: ${what}`, { where }, { cause })
}
