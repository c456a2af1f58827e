import { OciError } from '../errors.ts'
import { parseAddress, writeAddressesRequest } from './address.ts'
import { fromNumber, hostNumber, parseAddressBytes, parseSubnet, toNumber } from './cidr.ts'
import { type Netlink, withNetlink } from './client.ts'
import { parseLink, writeLinksRequest } from './link.ts'
import { checkNames, type NetworkNames } from './names.ts'
import { isNetns } from './netns.ts'
import { applyPlan, bridgePlan, type NetworkOptions, undoPlan } from './plan.ts'
import type { NetworkStep } from './step.ts'
import { linkExists } from './undo.ts'

/** A bridge that containers can be attached to. */
export interface Network {
  readonly bridge: string
  /** `10.200.0.0/24` */
  readonly subnet: string
  /** `10.200.0.1`, the bridge's own address. */
  readonly gateway: string
  /**
   * Gives the network namespace at a path an eth0 with an address of the subnet (the first free one when none is asked for).
   * Throws `ARGUMENT_INVALID` for an address outside, `NETWORK_EXISTS` for one that is taken or when none is left.
   */
  attach(netns: string, address?: string): Promise<Endpoint>
  /** Takes the bridge down. What is attached loses its cable; deleting twice is fine. */
  delete(): Promise<void>
}

/** A container's plug in a network. */
export interface Endpoint {
  readonly netns: string
  /** `eth0`, inside. */
  readonly link: string
  /** The other end of the cable, on the host. */
  readonly hostLink: string
  /** `10.200.0.2` */
  readonly address: string
  readonly gateway: string
  /** Takes the cable away; twice is fine, and so is a namespace that is gone. */
  delete(): Promise<void>
}

/** ≙ docker network create: makes the bridge. Throws `NETWORK_EXISTS`, `ARGUMENT_INVALID`, `KERNEL`, `NOT_PERMITTED`. */
export async function createNetwork(names: NetworkNames, options: NetworkOptions = {}): Promise<Network> {
  checkNames(names)
  await applyPlan(bridgePlan(names), options)
  return networkOn(names, options)
}

/** The network of that name when it is there, else a new one. Throws `NETWORK_EXISTS` when the bridge has another subnet. */
export async function openNetwork(names: NetworkNames, options: NetworkOptions = {}): Promise<Network> {
  checkNames(names)
  if (!(await linkExists(names.bridge, options.netns))) return createNetwork(names, options)
  const want = `${names.bridgeAddress}/${parseSubnet(names.subnet, 'subnet').prefix}`
  const got = await withNetlink(options.netns, netlink => addressesOf(names.bridge, netlink))
  if (got.includes(want)) return networkOn(names, options)
  throw new OciError(
    'NETWORK_EXISTS',
    `${names.bridge}: exists already with another address (want ${want}, got ${got.join(', ') || 'none'})`,
    {
      want,
      got,
      where: names.bridge,
      hint: 'run: ocilab reset',
    },
  )
}

function networkOn(names: NetworkNames, options: NetworkOptions): Network {
  const { bridge, subnet, bridgeAddress: gateway } = names
  return {
    bridge,
    subnet,
    gateway,
    attach: (netns, address) => attach(names, netns, address, options),
    delete: () => undoPlan(bridgePlan(names), options),
  }
}

async function attach(
  names: NetworkNames,
  netns: string,
  address: string | undefined,
  options: NetworkOptions,
): Promise<Endpoint> {
  const subnet = parseSubnet(names.subnet, 'subnet')
  if (address !== undefined) hostNumber(address, subnet, 'address')
  if (!isNetns(netns))
    throw new OciError('ARGUMENT_INVALID', `${netns}: not a network namespace`, {
      where: netns,
      want: 'a network namespace',
    })
  for (;;) {
    const free = await freeAddress(names, address, options)
    const plan = attachPlan(names, netns, free)
    try {
      await applyPlan(plan, options)
    } catch (error) {
      // Another program took the address between the look and the leap: look again.
      if (address === undefined && (await linkExists(hostLinkFor(free), options.netns))) continue
      throw error
    }
    const end = undoPlan.bind(undefined, plan, options)
    return {
      netns,
      link: 'eth0',
      hostLink: hostLinkFor(free),
      address: free,
      gateway: names.bridgeAddress,
      delete: end,
    }
  }
}

// The other end is born inside, under its last name: moving a link costs the kernel ten times as much as making one.
function attachPlan({ bridge, bridgeAddress, subnet }: NetworkNames, netns: string, address: string): NetworkStep[] {
  const link = hostLinkFor(address)
  return [
    { change: 'addVeth', link, peer: 'eth0', peerNetns: netns },
    { change: 'setUp', link },
    { change: 'plugIn', bridge, link },
    { change: 'addAddress', address: `${address}/${parseSubnet(subnet, 'subnet').prefix}`, link: 'eth0', netns },
    { change: 'setUp', link: 'eth0', netns },
    { change: 'setUp', link: 'lo', netns },
    { change: 'addRoute', destination: 'default', gateway: bridgeAddress, netns },
  ]
}

// The link is the lease: its name is the address, so the kernel gives an address only once, among all programs,
// and takes it back when the container's namespace ends, however it ended.
function hostLinkFor(address: string): string {
  return `veth${Buffer.from(parseAddressBytes(address, 'address')).toString('hex')}`
}

/** True for the name of a link that stands for an address. */
export function isLease(link: string): boolean {
  return /^veth[0-9a-f]{8}$/.test(link)
}

async function freeAddress(
  names: NetworkNames,
  wanted: string | undefined,
  { netns }: NetworkOptions,
): Promise<string> {
  const { first, last } = parseSubnet(names.subnet, 'subnet')
  const taken = await withNetlink(netns, netlink => takenAddresses(names, netlink))
  if (wanted !== undefined && !taken.has(wanted)) return wanted
  for (let number = first + 1; wanted === undefined && number < last; number++)
    if (!taken.has(fromNumber(number))) return fromNumber(number)
  const message = wanted === undefined ? `${names.subnet}: every address is taken` : `${wanted}: this address is taken`
  throw new OciError('NETWORK_EXISTS', message, { got: [...taken].slice(0, 300), where: names.bridge })
}

async function takenAddresses(names: NetworkNames, netlink: Netlink): Promise<Set<string>> {
  const links = (await netlink.request(writeLinksRequest(), 'ip link show')).map(parseLink).map(({ name }) => name)
  const leased = links.filter(isLease).map(name => fromNumber(toNumber(Buffer.from(name.slice(4), 'hex'))))
  // The article's own container has no such name: its cable stands for its address.
  const article = links.includes(names.vethHost) ? [names.containerAddress] : []
  return new Set([names.bridgeAddress, ...article, ...leased])
}

async function addressesOf(link: string, netlink: Netlink): Promise<string[]> {
  const links = (await netlink.request(writeLinksRequest(), 'ip link show')).map(parseLink)
  const index = links.find(({ name }) => name === link)?.index
  const addresses = (await netlink.request(writeAddressesRequest(), 'ip addr show')).map(parseAddress)
  return addresses.filter(({ linkIndex }) => linkIndex === index).map(({ address }) => address)
}
