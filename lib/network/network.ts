import { OciError } from '../errors.ts'
import { parseAddress, writeAddressesRequest } from './address.ts'
import { attach, type Endpoint, type Plug } from './attach.ts'
import { parseSubnet } from './cidr.ts'
import { type Netlink, withNetlink } from './client.ts'
import { type HeldLock, withFileLock } from './fileLock.ts'
import { forwardIsAllowed, forwardIsGuarded } from './forward.ts'
import { type Link, parseLink, writeLinksRequest } from './link.ts'
import { bridgeLock, checkNames, type NetworkNames } from './names.ts'
import { tableExists } from './nft.ts'
import { outboundPlan } from './outbound.ts'
import { applyPlan, bridgePlan, type NetworkOptions, undoPlan } from './plan.ts'
import { linkExists } from './undo.ts'

/** A bridge that containers can be attached to. */
export interface Network {
  readonly bridge: string
  /** `10.200.0.0/24` */
  readonly subnet: string
  /** `10.200.0.1`, the bridge's own address. */
  readonly gateway: string
  /**
   * Gives the network namespace at a path an eth0 with an address of the subnet (the next free one when none is asked for).
   * Throws `ARGUMENT_INVALID` for an address outside, `NETWORK_EXISTS` for one that is taken or when none is left.
   * `link` is what it is called inside, where it is not the first.
   */
  attach(netns: string, address?: string, link?: string): Promise<Endpoint>
  /** Takes the bridge down. What is attached loses its cable; deleting twice is fine. */
  delete(): Promise<void>
}

/** ≙ docker network create: makes the bridge. Throws `NETWORK_EXISTS`, `ARGUMENT_INVALID`, `KERNEL`, `NOT_PERMITTED`. */
export async function createNetwork(names: NetworkNames, options: NetworkOptions = {}): Promise<Network> {
  checkNames(names)
  await alone(names, () => make(names, options))
  return networkOn(names, options)
}

/** The network of that name when it is there, else a new one. Throws `NETWORK_EXISTS` when the bridge has another subnet. */
export async function openNetwork(names: NetworkNames, options: NetworkOptions = {}): Promise<Network> {
  checkNames(names)
  await alone(names, () => open(names, options))
  return networkOn(names, options)
}

/** Opens a network, or makes it, and plugs the namespace at a path into it. Throws as {@link openNetwork} and {@link Network.attach}. */
export async function joinNetwork(
  names: NetworkNames,
  netns: string,
  plug: Plug = {},
  options: NetworkOptions = {},
): Promise<Endpoint> {
  checkNames(names)
  return alone(names, async lock => {
    await open(names, options)
    return attach(names, netns, plug, options, lock)
  })
}

/** Takes a network down when nobody is plugged into it any more; answers whether that is so. Twice is fine. */
export async function leaveNetwork(names: NetworkNames, options: NetworkOptions = {}): Promise<boolean> {
  return alone(names, async lock => {
    const { links } = await lookAt(names.bridge, options.netns)
    if (links.length > 0) return false
    await unmake(names, options, lock)
    return true
  })
}

function networkOn(names: NetworkNames, options: NetworkOptions): Network {
  const { bridge, subnet, bridgeAddress: gateway } = names
  return {
    bridge,
    subnet,
    gateway,
    attach: (netns, address, link) => alone(names, lock => attach(names, netns, { address, link }, options, lock)),
    delete: () => alone(names, lock => unmake(names, options, lock)),
  }
}

/** Of all programs, one at a time looks at a network and changes it. */
function alone<T>(names: NetworkNames, work: (lock: HeldLock) => Promise<T>): Promise<T> {
  return withFileLock(bridgeLock(names.bridge), work)
}

async function make(names: NetworkNames, options: NetworkOptions): Promise<void> {
  const guarded = names.outbound && (await forwardIsGuarded(options.netns))
  await applyPlan([...bridgePlan(names), ...outboundPlan(names, guarded)], options)
}

/** A bridge that somebody else has made, or a crash has left, gets what it lacks. */
async function open(names: NetworkNames, options: NetworkOptions): Promise<void> {
  if (!(await linkExists(names.bridge, options.netns))) {
    // Its rules without it: a bridge that was deleted by hand.
    await undoPlan(outboundPlan(names, true), options)
    return make(names, options)
  }
  const want = `${names.bridgeAddress}/${parseSubnet(names.subnet, 'subnet').prefix}`
  const { addresses: got, bridge } = await lookAt(names.bridge, options.netns)
  if (!got.includes(want))
    throw new OciError(
      'NETWORK_EXISTS',
      `${names.bridge}: exists already with another address (want ${want}, got ${got.join(', ') || 'none'})`,
      { want, got, where: names.bridge, hint: 'run: ocilab reset' },
    )
  if (!bridge?.up) await applyPlan([{ change: 'setUp', link: names.bridge }], options)
  if (!names.outbound) return
  const missing: string[] = []
  if (!(await tableExists(names.table, options.netns))) missing.push('addTable')
  if ((await forwardIsGuarded(options.netns)) && !(await forwardIsAllowed(names.bridge, options.netns)))
    missing.push('allowForward')
  await applyPlan(
    outboundPlan(names, true).filter(({ change }) => missing.includes(change)),
    options,
  )
}

async function unmake(names: NetworkNames, options: NetworkOptions, lock: HeldLock): Promise<void> {
  await undoPlan([...bridgePlan(names), ...outboundPlan(names, true)], options)
  lock.remove()
}

interface Seen {
  readonly bridge?: Link
  readonly addresses: readonly string[]
  /** What is plugged into it. */
  readonly links: readonly Link[]
}

function lookAt(name: string, netns?: string): Promise<Seen> {
  return withNetlink(netns, async (netlink: Netlink) => {
    const links = (await netlink.request(writeLinksRequest(), 'ip link show')).map(parseLink)
    const bridge = links.find(link => link.name === name)
    const all = (await netlink.request(writeAddressesRequest(), 'ip addr show')).map(parseAddress)
    return {
      bridge,
      addresses: all.filter(({ linkIndex }) => linkIndex === bridge?.index).map(({ address }) => address),
      links: bridge ? links.filter(({ masterIndex }) => masterIndex === bridge.index) : [],
    }
  })
}
