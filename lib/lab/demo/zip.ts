import { crc32 } from 'node:zlib'

export interface ZipMember {
  readonly name: string
  readonly bytes: Uint8Array
}

// 1980-01-01 00:00, the first moment a zip can name: the bytes depend on nothing but the members.
const DOS_TIME = 0
const DOS_DATE = (1 << 5) | 1
const VERSION = 10

/** Writes a zip without compression and with fixed times, so that equal members give equal bytes. ≙ `jar --date` */
export function writeZip(members: readonly ZipMember[]): Uint8Array {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const { name, bytes } of members) {
    const title = Buffer.from(name)
    const about = aboutMember(title, bytes)
    const local = Buffer.concat([signature(0x04034b50), about, title, bytes])
    directory.push(Buffer.concat([signature(0x02014b50), uint16(VERSION), about, centralEnd(offset), title]))
    parts.push(local)
    offset += local.length
  }
  const central = Buffer.concat(directory)
  return Buffer.concat([...parts, central, endOfDirectory(members.length, central.length, offset)])
}

/** What a member's local header and its directory entry have in common: version to comment length, APPNOTE 4.3.7. */
function aboutMember(title: Buffer, bytes: Uint8Array): Buffer {
  const stored = 0
  const sizes = [uint32(crc32(bytes)), uint32(bytes.length), uint32(bytes.length)]
  return Buffer.concat([uint16(VERSION, 0, stored, DOS_TIME, DOS_DATE), ...sizes, uint16(title.length, 0)])
}

/** The rest of a directory entry: no comment, first disk, no attributes, and where the member begins. */
function centralEnd(offset: number): Buffer {
  return Buffer.concat([uint16(0, 0, 0), uint32(0), uint32(offset)])
}

function endOfDirectory(count: number, size: number, offset: number): Buffer {
  return Buffer.concat([signature(0x06054b50), uint16(0, 0, count, count), uint32(size), uint32(offset), uint16(0)])
}

const signature = uint32

function uint32(value: number): Buffer {
  const buffer = Buffer.alloc(4)
  buffer.writeUInt32LE(value)
  return buffer
}

function uint16(...values: number[]): Buffer {
  const buffer = Buffer.alloc(2 * values.length)
  for (const [i, value] of values.entries()) buffer.writeUInt16LE(value, 2 * i)
  return buffer
}
