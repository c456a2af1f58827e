import { isOciError, OciError } from '../errors.ts'
import { address6Of, gateway6Of, hostLinkFor, prefixOf6 } from './addressing.ts'
import { fromNumber, hostNumber, parseAddressBytes, parseSubnet, toNumber } from './cidr.ts'
import type { HeldLock } from './fileLock.ts'
import type { NetworkNames } from './names.ts'
import { isNetns } from './netns.ts'
import { applyPlan, type NetworkOptions, undoPlan } from './plan.ts'
import type { NetworkStep } from './step.ts'
import { linkExists } from './undo.ts'

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
  readonly address6?: string
  /** Takes the cable away; twice is fine, and so is a namespace that is gone. */
  delete(): Promise<void>
}

/** What a plug may be asked for. */
export interface Plug {
  address?: string
  /** What it is called inside; `eth0` is the one that leads to the world. */
  link?: string
}

/**
 * Plugs the namespace at a path into a bridge, with the address asked for or the next free one, while `lock` is held.
 * Throws `ARGUMENT_INVALID` for an address outside, `NETWORK_EXISTS` for one that is taken or when none is left.
 */
export async function attach(
  names: NetworkNames,
  netns: string,
  { address, link = 'eth0' }: Plug,
  options: NetworkOptions,
  lock: HeldLock,
): Promise<Endpoint> {
  const subnet = parseSubnet(names.subnet, 'subnet')
  if (address !== undefined) hostNumber(address, subnet, 'address')
  if (!isNetns(netns))
    throw new OciError('ARGUMENT_INVALID', `${netns}: not a network namespace`, { where: netns, want: 'nsfs' })
  for (const number of candidates(names, address, Number(lock.read()))) {
    if (await isTaken(names, fromNumber(number), options)) continue
    const plan = attachPlan(names, netns, number, link)
    try {
      await applyPlan(plan, options)
    } catch (error) {
      if (isOciError(error, 'NETWORK_EXISTS') && (await isTaken(names, fromNumber(number), options))) continue
      throw error
    }
    // The next one gets the next address: what was heard of this one may still be remembered by others.
    if (address === undefined) lock.write(String(number))
    return {
      netns,
      link,
      hostLink: hostLinkFor(fromNumber(number)),
      address: fromNumber(number),
      gateway: names.bridgeAddress,
      ...(names.subnet6 && { address6: address6Of(names, number) }),
      delete: () => undoPlan(plan, options),
    }
  }
  const message =
    address === undefined ? `${names.subnet}: every address is taken` : `${address}: this address is taken`
  throw new OciError('NETWORK_EXISTS', message, { where: names.bridge, want: address ?? 'a free address' })
}

function* candidates(names: NetworkNames, wanted: string | undefined, last: number): Generator<number> {
  const { first, last: broadcast } = parseSubnet(names.subnet, 'subnet')
  if (wanted !== undefined) return void (yield toNumber(parseAddressBytes(wanted, 'address')))
  const [lowest, count] = [first + 1, broadcast - first - 1]
  const start = last >= lowest && last < broadcast ? last + 1 - lowest : 0
  for (let i = 0; i < count; i++) yield lowest + ((start + i) % count)
}

/** The article's own container has no link named after its address: its cable stands for it. */
async function isTaken(names: NetworkNames, address: string, { netns }: NetworkOptions): Promise<boolean> {
  if (address === names.bridgeAddress) return true
  if (address === names.containerAddress && (await linkExists(names.vethHost, netns))) return true
  return linkExists(hostLinkFor(address), netns)
}

// The other end is born inside, under its last name: moving a link costs the kernel ten times as much as making one.
function attachPlan(names: NetworkNames, netns: string, number: number, inside: string): NetworkStep[] {
  const { bridge, bridgeAddress, subnet, subnet6, mtu } = names
  const link = hostLinkFor(fromNumber(number))
  const first = inside === 'eth0'
  const six: NetworkStep[] =
    subnet6 === undefined
      ? []
      : [{ change: 'addAddress', address: `${address6Of(names, number)}/${prefixOf6(subnet6)}`, link: inside, netns }]
  const mtus: NetworkStep[] =
    mtu === undefined
      ? []
      : [
          { change: 'setMtu', link, mtu },
          { change: 'setMtu', link: inside, mtu, netns },
        ]
  return [
    { change: 'addVeth', link, peer: inside, peerNetns: netns },
    ...mtus,
    { change: 'setUp', link },
    { change: 'plugIn', bridge, link },
    {
      change: 'addAddress',
      address: `${fromNumber(number)}/${parseSubnet(subnet, 'subnet').prefix}`,
      link: inside,
      netns,
    },
    { change: 'setUp', link: inside, netns },
    ...(first ? [{ change: 'setUp', link: 'lo', netns } as const] : []),
    ...six,
    ...(first ? [{ change: 'addRoute', destination: 'default', gateway: bridgeAddress, netns } as const] : []),
    ...(first && subnet6
      ? [{ change: 'addRoute', destination: 'default', gateway: gateway6Of(names)!, netns } as const]
      : []),
  ]
}
