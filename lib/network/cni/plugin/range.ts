/** Ranges of addresses, of both families, as numbers. Pure. */
import { type Cidr, parseAddressBytes, parseCidr, showAddress } from '../../cidr.ts'
import { cniError } from '../error.ts'

/** One range of host-local's configuration. */
export interface RangeConfig {
  readonly subnet: string
  readonly rangeStart?: string
  readonly rangeEnd?: string
  readonly gateway?: string
}

/** A range with everything that may be left unsaid. */
export interface Range {
  readonly first: bigint
  readonly last: bigint
  readonly gateway: bigint
  readonly prefix: number
  readonly four: boolean
}

/** Reads a range. Throws `CNI_FAILED` (7). */
export function parseRange(config: RangeConfig): Range {
  const { bytes, prefix } = reading('subnet', () => parseCidr(config.subnet, 'subnet'))
  const bits = bytes.length * 8
  const size = 1n << BigInt(bits - prefix)
  const network = toBig(bytes)
  if (prefix > bits - 2) throw cniError(7, 'invalid subnet', `Network ${config.subnet} too small to allocate from`)
  if (network % size !== 0n) throw cniError(7, 'invalid subnet', `Network ${config.subnet} has host bits set`)
  const four = bytes.length === 4
  const inside = (key: 'rangeStart' | 'rangeEnd' | 'gateway', otherwise: bigint) => {
    const text = config[key]
    if (text === undefined) return otherwise
    const given = reading(key, () => parseAddressBytes(text, key))
    const number = toBig(given)
    // A gateway may be elsewhere: that is the network's business.
    if (given.length !== bytes.length || (key !== 'gateway' && (number < network || number >= network + size)))
      throw cniError(7, `invalid ${key}`, `${text} is not in ${config.subnet}`)
    return number
  }
  const range = {
    first: inside('rangeStart', network + 1n),
    // The last address of an IPv4 network is everybody's.
    last: inside('rangeEnd', network + size - (four ? 2n : 1n)),
    gateway: inside('gateway', network + 1n),
    prefix,
    four,
  }
  if (range.first > range.last) throw cniError(7, 'invalid range', `${config.rangeStart} is behind ${config.rangeEnd}`)
  return range
}

export function overlap(left: Range, right: Range): boolean {
  return left.four === right.four && left.first <= right.last && right.first <= left.last
}

/** Its addresses from the one behind `last` on, round to it again; the gateway's is nobody else's. */
export function* candidates({ first, last, gateway }: Range, behind?: bigint): Generator<bigint> {
  const start = behind !== undefined && behind >= first && behind < last ? behind + 1n : first
  for (let number = start; number <= last; number++) if (number !== gateway) yield number
  for (let number = first; number < start; number++) if (number !== gateway) yield number
}

export function contains({ first, last, four }: Range, address: string): boolean {
  const bytes = reading('address', () => parseAddressBytes(address, 'address'))
  const number = toBig(bytes)
  return (bytes.length === 4) === four && number >= first && number <= last
}

export function toBig(bytes: Uint8Array): bigint {
  return bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n)
}

export function showBig(number: bigint, four: boolean): string {
  const hex = number.toString(16).padStart(four ? 8 : 32, '0')
  return showAddress(Buffer.from(hex, 'hex'))
}

function reading<T extends Cidr | Uint8Array>(key: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw cniError(7, `invalid ${key}`, (error as Error).message, error)
  }
}
