import ipaddr from 'ipaddr.js'
import { OciError } from '../errors.ts'

/** An address with the length of its network's prefix, as bytes. */
export interface Cidr {
  readonly bytes: Uint8Array
  readonly prefix: number
}

/** Reads `10.200.0.1/24`; without a prefix it is the one address, as for ip(8). Throws `ARGUMENT_INVALID`. */
export function parseCidr(text: string, where: string): Cidr {
  const [address = '', prefix, ...rest] = text.split('/')
  const bytes = parseAddressBytes(address, where)
  const longest = bytes.length * 8
  const length = prefix === undefined ? longest : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN
  if (rest.length > 0 || !(length <= longest))
    throw invalid(where, `an address such as 10.200.0.1/24, prefix 0…${longest}`, text)
  return { bytes, prefix: length }
}

/** Reads an IPv4 or IPv6 address, strictly: no octal, no short forms. Throws `ARGUMENT_INVALID`. */
export function parseAddressBytes(text: string, where: string): Uint8Array {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return Uint8Array.from(ipaddr.IPv4.parse(text).toByteArray())
  if (text.includes(':') && !text.includes('%') && ipaddr.IPv6.isValid(text))
    return Uint8Array.from(ipaddr.IPv6.parse(text).toByteArray())
  throw invalid(where, 'an IP address such as 10.200.0.2', text)
}

export function showAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  if (bytes.length !== 16)
    throw new OciError('PROTOCOL', `netlink address: want 4 or 16 bytes, got ${bytes.length}`, { got: bytes.length })
  return ipaddr.fromByteArray([...bytes]).toString()
}

/** An IPv4 network that can hold a gateway and a container: /8 to /30, host bits zero. Throws `ARGUMENT_INVALID`. */
export function parseSubnet(text: string, where: string): Subnet {
  const { bytes, prefix } = parseCidr(text, where)
  const first = toNumber(bytes)
  const size = 2 ** (32 - prefix)
  if (bytes.length !== 4 || prefix < 8 || prefix > 30 || first % size !== 0 || first === 0)
    throw invalid(where, 'an IPv4 network such as 10.200.0.0/24, prefix 8…30, host bits zero', text)
  return { first, last: first + size - 1, prefix }
}

/** An IPv4 network from its first (network) to its last (broadcast) address, as numbers. */
export interface Subnet {
  readonly first: number
  readonly last: number
  readonly prefix: number
}

/** An IPv6 network with room for the host's part of an IPv4 one: /32 to /96, host bits zero. Throws `ARGUMENT_INVALID`. */
export function parseSubnet6(text: string, where: string): Cidr {
  const { bytes, prefix } = parseCidr(text, where)
  const rest = bytes.some((byte, i) => byte & (0xff >> Math.min(8, Math.max(0, prefix - i * 8))))
  if (bytes.length !== 16 || prefix < 32 || prefix > 96 || rest)
    throw invalid(where, 'an IPv6 network such as fd00:1::/64, prefix 32…96, host bits zero', text)
  return { bytes, prefix }
}

/** The address of that number in an IPv6 network. */
export function addressIn6({ bytes }: Cidr, number: number): string {
  const address = Uint8Array.from(bytes)
  new DataView(address.buffer).setUint32(12, number)
  return showAddress(address)
}

/** The number of an address a host in the subnet can have. Throws `ARGUMENT_INVALID` for all others. */
export function hostNumber(address: string, { first, last, prefix }: Subnet, where: string): number {
  const bytes = parseAddressBytes(address, where)
  const number = bytes.length === 4 ? toNumber(bytes) : -1
  if (number <= first || number >= last) throw invalid(where, `an address in ${fromNumber(first)}/${prefix}`, address)
  return number
}

export function toNumber(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0)
}

export function fromNumber(number: number): string {
  return [24, 16, 8, 0].map(shift => (number >>> shift) & 255).join('.')
}

function invalid(where: string, want: string, got: string): OciError {
  return new OciError('ARGUMENT_INVALID', `${where}: cannot be used (want ${want}, got ${JSON.stringify(got)})`, {
    want,
    got,
    where,
  })
}
