import { crc32 } from 'node:zlib'

const FIXED = 10
const DEFLATE = 8
const HAS = { headerCrc: 2, extra: 4, name: 8, comment: 16, reserved: 0xe0 } as const

/** The header's length, `more` when it has not ended yet, or what is wrong with it. RFC 1952 § 2.3. */
export function gzipHeader(bytes: Buffer): number | 'more' | { wrong: string } {
  if (bytes.length < FIXED) return 'more'
  if (bytes.readUInt16BE(0) !== 0x1f8b) return { wrong: 'incorrect header check' }
  if (bytes[2] !== DEFLATE) return { wrong: 'unknown compression method' }
  const flags = bytes[3]!
  if (flags & HAS.reserved) return { wrong: 'unknown header flags set' }
  let end = FIXED
  if (flags & HAS.extra) {
    if (bytes.length < end + 2) return 'more'
    end += 2 + bytes.readUInt16LE(end)
  }
  for (const text of [HAS.name, HAS.comment]) {
    if (!(flags & text)) continue
    const zero = bytes.indexOf(0, end)
    if (zero < 0) return 'more'
    end = zero + 1
  }
  if (flags & HAS.headerCrc) {
    if (bytes.length < end + 2) return 'more'
    if (bytes.readUInt16LE(end) !== (crc32(bytes.subarray(0, end)) & 0xffff)) return { wrong: 'header crc mismatch' }
    end += 2
  }
  return end > bytes.length ? 'more' : end
}
