/**
 * The bytes of netlink: messages with a header, and attributes in them, all aligned to four bytes
 * (linux/netlink.h). Pure: nothing here talks to a kernel.
 */
import { endianness } from 'node:os'
import { OciError } from '../errors.ts'

/** Netlink speaks the byte order of the machine. */
export const LITTLE = endianness() === 'LE'

const HEADER = 16
const ATTRIBUTE_HEADER = 4
// The two highest bits of an attribute's type are flags: nested, and network byte order.
const TYPE_MASK = 0x3fff
const NESTED = 0x8000

/** Message types every netlink family has. */
export const NLMSG = { ERROR: 2, DONE: 3 } as const

/** Header flags: how a request is meant, and how an answer came. */
export const FLAG = {
  REQUEST: 0x001,
  ACK: 0x004,
  DUMP: 0x300,
  EXCL: 0x200,
  CREATE: 0x400,
  /** On an answer of a dump: the list changed while it was read. */
  DUMP_INTERRUPTED: 0x010,
  /** On an ack: the request is not repeated in it. */
  CAPPED: 0x100,
  /** On an ack: attributes follow, the kernel's sentence among them. */
  ACK_ATTRIBUTES: 0x200,
} as const

/** What is asked of the kernel; sequence number and sender are the client's business. */
export interface Request {
  readonly type: number
  readonly flags: number
  readonly body: Uint8Array
}

/** One message as it came. */
export interface Message extends Request {
  readonly sequence: number
}

/** Rounds up to netlink's alignment. */
export function align(length: number): number {
  return (length + 3) & ~3
}

export function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** One message, header first (struct nlmsghdr: length, type, flags, sequence, port). */
export function writeMessage({ type, flags, sequence, body }: Message): Uint8Array {
  const bytes = new Uint8Array(align(HEADER + body.length))
  const header = view(bytes)
  header.setUint32(0, HEADER + body.length, LITTLE)
  header.setUint16(4, type, LITTLE)
  header.setUint16(6, flags, LITTLE)
  header.setUint32(8, sequence, LITTLE)
  bytes.set(body, HEADER)
  return bytes
}

/** Every message in what was received. Throws `PROTOCOL` when a length leads outside. */
export function parseMessages(bytes: Uint8Array): Message[] {
  const data = view(bytes)
  const messages: Message[] = []
  for (let at = 0; at < bytes.length; ) {
    const length = at + HEADER <= bytes.length ? data.getUint32(at, LITTLE) : 0
    checkLength('message', length, HEADER, bytes.length - at)
    messages.push({
      type: data.getUint16(at + 4, LITTLE),
      flags: data.getUint16(at + 6, LITTLE),
      sequence: data.getUint32(at + 8, LITTLE),
      body: bytes.subarray(at + HEADER, at + length),
    })
    at += align(length)
  }
  return messages
}

/** One attribute, padded. Throws `TOO_LARGE` above 65535 bytes: the length field would wrap round silently. */
export function attribute(type: number, value: Uint8Array): Uint8Array {
  const length = ATTRIBUTE_HEADER + value.length
  if (length > 0xffff)
    throw new OciError(
      'TOO_LARGE',
      `netlink attribute ${type}: too long (want at most 65531 bytes, got ${value.length})`,
      {
        want: 65531,
        got: value.length,
      },
    )
  const bytes = new Uint8Array(align(length))
  const header = view(bytes)
  header.setUint16(0, length, LITTLE)
  header.setUint16(2, type, LITTLE)
  bytes.set(value, ATTRIBUTE_HEADER)
  return bytes
}

/** An attribute made of attributes. */
export function nested(type: number, ...attributes: Uint8Array[]): Uint8Array {
  return attribute(type | NESTED, concat(...attributes))
}

export function u32(type: number, value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  view(bytes).setUint32(0, value, LITTLE)
  return attribute(type, bytes)
}

/** A text with the zero byte at its end that the kernel wants. */
export function text(type: number, value: string): Uint8Array {
  return attribute(type, Buffer.from(`${value}\0`))
}

/** Attributes by type; of a type that comes twice the last one counts, as in the kernel. Throws `PROTOCOL`. */
export function parseAttributes(bytes: Uint8Array): Map<number, Uint8Array> {
  const data = view(bytes)
  const attributes = new Map<number, Uint8Array>()
  for (let at = 0; at + ATTRIBUTE_HEADER <= bytes.length; ) {
    const length = data.getUint16(at, LITTLE)
    checkLength('attribute', length, ATTRIBUTE_HEADER, bytes.length - at)
    attributes.set(data.getUint16(at + 2, LITTLE) & TYPE_MASK, bytes.subarray(at + ATTRIBUTE_HEADER, at + length))
    at += align(length)
  }
  return attributes
}

export function readU32(value: Uint8Array | undefined): number | undefined {
  return value && value.length >= 4 ? view(value).getUint32(0, LITTLE) : undefined
}

export function readText(value: Uint8Array | undefined): string | undefined {
  return value && Buffer.from(value).toString().replace(/\0.*$/s, '')
}

export function concat(...parts: Uint8Array[]): Uint8Array {
  return Buffer.concat(parts)
}

/** Throws `PROTOCOL` for a length that leads outside. */
export function checkLength(what: string, length: number, min: number, max: number): void {
  if (length >= min && length <= max) return
  throw new OciError('PROTOCOL', `netlink ${what}: its length leads outside (want ${min}…${max}, got ${length})`, {
    want: [min, max],
    got: length,
  })
}
