/** Which addresses and links belong to each other in a network. Pure. */
import { addressIn6, parseAddressBytes, parseSubnet, parseSubnet6, toNumber } from './cidr.ts'
import type { NetworkNames } from './names.ts'

/** The bridge's own IPv6 address. */
export function gateway6Of(names: NetworkNames): string | undefined {
  return names.subnet6 === undefined
    ? undefined
    : address6Of(names, toNumber(parseAddressBytes(names.bridgeAddress, 'bridgeAddress')))
}

export function prefixOf6(subnet6: string): number {
  return parseSubnet6(subnet6, 'subnet6').prefix
}

/** The IPv6 address that goes with an IPv4 address of the network, which is given as a number. */
export function address6Of({ subnet, subnet6 }: NetworkNames, number: number): string {
  return addressIn6(parseSubnet6(subnet6!, 'subnet6'), number - parseSubnet(subnet, 'subnet').first)
}

/**
 * The host's end of the cable of an address. The link is the lease: its name is the address, so the kernel gives an
 * address only once, among all programs, and takes it back when the container's namespace ends, however it ended.
 */
export function hostLinkFor(address: string): string {
  return `veth${Buffer.from(parseAddressBytes(address, 'address')).toString('hex')}`
}

/** True for the name of a link that stands for an address. */
export function isLease(link: string): boolean {
  return /^veth[0-9a-f]{8}$/.test(link)
}
