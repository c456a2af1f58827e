import { existsSync, readdirSync } from 'node:fs'
import { type Address, parseAddress, writeAddressesRequest } from './address.ts'
import { type Netlink, withNetlink } from './client.ts'
import { type Link, parseLink, writeLinksRequest } from './link.ts'
import { isErrno } from './native.ts'
import { isNetns, NETNS_FOLDER, netnsPath } from './netns.ts'
import { type NftObject, ruleset } from './nft.ts'
import { FAMILY } from './numbers.ts'
import { parseRoute, type Route, writeRoutesRequest } from './route.ts'

/** A network namespace and what is in it. */
export interface Place {
  /** Its path; the host's side has none. */
  readonly netns?: string
  readonly links: PlacedLink[]
  readonly addresses: (Omit<Address, 'linkIndex'> & { readonly link: string })[]
  readonly routes: (Omit<Route, 'linkIndex'> & { readonly link?: string })[]
  /** Tables, chains and rules of nftables, when they were asked for. */
  readonly rules?: readonly NftObject[]
}

export interface TopologyOptions {
  /** Path of a namespace that plays the host. */
  netns?: string
  /** The rules of nftables, too: that takes a program of its own. */
  rules?: boolean
}

/** A link with the names of what it is connected to. */
export interface PlacedLink extends Link {
  /** The bridge it is plugged into. */
  readonly master?: string
  /** The other end of a veth, where it is among the places looked at. */
  readonly peer?: string
}

/** ≙ ip -j link, addr and route, nft -j list ruleset: the host's side first, then every namespace asked for. Routes of table main. */
export async function topology(netnsPaths: readonly string[] = [], options: TopologyOptions = {}): Promise<Place[]> {
  const places = await Promise.all(
    [options.netns, ...netnsPaths].map(async netns => ({
      ...(await look(netns)),
      ...(options.rules && { rules: await ruleset(netns) }),
    })),
  )
  const veths = places.flatMap(({ links }) => links).filter(({ kind }) => kind === 'veth')
  const peerOf = ({ index, peerIndex, kind }: Link) =>
    kind === 'veth' ? veths.find(other => other.peerIndex === index && other.index === peerIndex)?.name : undefined
  return places.map(place => ({ ...place, links: place.links.map(link => ({ ...link, peer: peerOf(link) })) }))
}

async function look(netns: string | undefined): Promise<Place> {
  return withNetlink(netns, async netlink => {
    const links = (await netlink.request(writeLinksRequest(), 'ip link show')).map(parseLink)
    const addresses = (await netlink.request(writeAddressesRequest(), 'ip addr show')).map(parseAddress)
    const routes = (await routesOf(netlink)).map(parseRoute)
    const nameOf = (index?: number) => links.find(link => link.index === index)?.name
    return {
      netns,
      links: links.map(link => ({ ...link, master: nameOf(link.masterIndex) })),
      addresses: addresses.map(({ linkIndex, ...address }) => ({
        ...address,
        link: nameOf(linkIndex) ?? `${linkIndex}`,
      })),
      routes: routes.map(({ linkIndex, ...route }) => ({ ...route, link: nameOf(linkIndex) })),
    }
  })
}

/** A namespace whose links were never up has no routing table yet, and the kernel says so with an error. */
async function routesOf(netlink: Netlink): Promise<Uint8Array[]> {
  const routes: Uint8Array[] = []
  for (const family of [FAMILY.INET, FAMILY.INET6])
    try {
      routes.push(...(await netlink.request(writeRoutesRequest(family), 'ip route show')))
    } catch (error) {
      if (!isErrno(error, 'ENOENT', 'EAFNOSUPPORT', 'EOPNOTSUPP')) throw error
    }
  return routes
}

/** The named network namespaces of this machine, in order. ≙ ip netns list */
export function namedNetns(): string[] {
  if (!existsSync(NETNS_FOLDER)) return []
  return readdirSync(NETNS_FOLDER).map(netnsPath).filter(isNetns).sort()
}
