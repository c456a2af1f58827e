import { OciError } from '../../errors.ts'
import type { Words } from '../claim.ts'
import { inBoth, type Picture, printable } from './picture.ts'
import { htmlTable, textTable } from './table.ts'

const BLOCK = 512

/** The fields of a ustar header: where each begins, how many bytes it has, and how it is written. POSIX.1 pax, § ustar */
const FIELDS = [
  ['name', 0, 100, 'text'],
  ['mode', 100, 8, 'mode'],
  ['uid', 108, 8, 'octal'],
  ['gid', 116, 8, 'octal'],
  ['size', 124, 12, 'octal'],
  ['mtime', 136, 12, 'octal'],
  ['chksum', 148, 8, 'octal'],
  ['typeflag', 156, 1, 'type'],
  ['linkname', 157, 100, 'text'],
  ['magic', 257, 6, 'text'],
  ['version', 263, 2, 'text'],
  ['uname', 265, 32, 'text'],
  ['gname', 297, 32, 'text'],
  ['devmajor', 329, 8, 'octal'],
  ['devminor', 337, 8, 'octal'],
  ['prefix', 345, 155, 'text'],
] as const

const FILE = { en: 'file', zh: '文件' }
const TYPES: Record<string, Words> = {
  '\0': FILE,
  0: FILE,
  1: { en: 'hardlink', zh: '硬链接' },
  2: { en: 'symlink', zh: '符号链接' },
  3: { en: 'character device', zh: '字符设备' },
  4: { en: 'block device', zh: '块设备' },
  5: { en: 'directory', zh: '目录' },
  6: 'fifo',
  g: { en: 'pax global header', zh: 'pax 全局头' },
  x: { en: 'pax header of the next member', zh: '下一个成员的 pax 头' },
  L: { en: 'GNU long name of the next member', zh: '下一个成员的 GNU 长文件名' },
}

/** One field of a tar header, as bytes and as what they mean. */
export interface TarField {
  readonly name: string
  readonly offset: number
  readonly bytes: Uint8Array
  readonly meaning: Words
}

/** The fields of one header block of 512 bytes. Throws `TAR_INVALID` for a block of another size. */
export function tarFields(block: Uint8Array): TarField[] {
  if (block.length !== BLOCK)
    throw new OciError('TAR_INVALID', `tar header: not one block (want ${BLOCK} bytes, got ${block.length})`, {
      want: BLOCK,
      got: block.length,
    })
  return FIELDS.map(([name, offset, length, kind]) => {
    const bytes = block.subarray(offset, offset + length)
    return { name, offset, bytes, meaning: name === 'chksum' ? checksum(block, bytes) : MEANING[kind](bytes) }
  })
}

/** A header block byte by byte, each field with what it means. ≙ xxd -l 512 layer.tar */
export function tarHeaderPicture(block: Uint8Array): Picture {
  const rows = tarFields(block)
    .filter(({ bytes, name }) => name === 'typeflag' || bytes.some(byte => byte !== 0))
    .map(({ name, offset, bytes, meaning }) => ({
      cells: [offset, name, hexWithoutTail(bytes), ascii(untilTail(bytes))],
      meaning: typeof meaning === 'string' ? { en: meaning, zh: meaning } : meaning,
    }))
  return inBoth(say => {
    const title = say({ en: 'A tar header, field by field', zh: 'tar 头，逐个字段' })
    const head = HEAD.map(say)
    const cells = rows.map(({ cells, meaning }) => [...cells, say(meaning)])
    return { title, text: textTable(head, cells), html: htmlTable(title, head, cells) }
  })
}

const HEAD = [
  { en: 'offset', zh: '偏移' },
  { en: 'field', zh: '字段' },
  { en: 'bytes', zh: '字节' },
  { en: 'as text', zh: '文本' },
  { en: 'meaning', zh: '含义' },
]

const MEANING = {
  text: (bytes: Uint8Array) => printable(Buffer.from(untilZero(bytes)).toString('utf8')),
  octal: (bytes: Uint8Array) => number(bytes),
  mode: (bytes: Uint8Array) => permissions(number(bytes)),
  type: (bytes: Uint8Array) => TYPES[String.fromCharCode(bytes[0]!)] ?? { en: 'unknown', zh: '未知' },
} satisfies Record<string, (bytes: Uint8Array) => Words>

/** `rw-r--r--`, as `ls -l` shows them. */
function permissions(mode: string): string {
  const bits = Number(mode)
  return [...'rwxrwxrwx'].map((letter, i) => (bits & (0o400 >> i) ? letter : '-')).join('')
}

/** Octal digits, or, for what is too large for them, GNU's form: the first bit set, then a big-endian number. */
function number(bytes: Uint8Array): string {
  if (bytes[0]! & 0x80)
    return `${BigInt(`0x${hex(bytes).replaceAll(' ', '')}`) & ((1n << BigInt(bytes.length * 8 - 1)) - 1n)}`
  const digits = ascii(untilZero(bytes)).trim()
  return digits === '' ? '' : /^[0-7]+$/.test(digits) ? String(Number.parseInt(digits, 8)) : 'no octal number'
}

/** The sum of all bytes, its own eight taken as spaces. */
function checksum(block: Uint8Array, bytes: Uint8Array): Words {
  const sum = block.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 32 : byte), 0)
  const written = number(bytes)
  return written === String(sum)
    ? { en: `${sum}, as it should be`, zh: `${sum}，正确` }
    : { en: `${written || 'none'}, but the bytes add up to ${sum}`, zh: `${written || '没有'}，而各字节之和是 ${sum}` }
}

function untilZero(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0)
  return end < 0 ? bytes : bytes.subarray(0, end)
}

/** The zeros that fill a field up are many and say nothing: they are counted. */
function hexWithoutTail(bytes: Uint8Array): string {
  const shown = untilTail(bytes)
  const zeros = bytes.length - shown.length
  return [hex(shown), zeros > 1 ? `00 × ${zeros}` : zeros === 1 ? '00' : ''].filter(Boolean).join(' ')
}

function untilTail(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, bytes.findLastIndex(byte => byte !== 0) + 1)
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString('hex')
    .replace(/..(?=.)/g, '$& ')
}

function ascii(bytes: Uint8Array): string {
  return [...bytes].map(byte => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('')
}
