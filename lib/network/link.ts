/** Links (network interfaces) as rtnetlink messages: struct ifinfomsg and IFLA_ attributes (linux/if_link.h). */
import {
  attribute,
  checkLength,
  concat,
  FLAG,
  LITTLE,
  nested,
  parseAttributes,
  type Request,
  readText,
  readU32,
  text,
  u32,
  view,
} from './message.ts'

const RTM = { NEWLINK: 16, DELLINK: 17, GETLINK: 18, SETLINK: 19 } as const
const IFLA = {
  ADDRESS: 1,
  IFNAME: 3,
  MTU: 4,
  LINK: 5,
  MASTER: 10,
  PROTINFO: 12,
  LINKINFO: 18,
  NET_NS_FD: 28,
  LINK_NETNSID: 37,
} as const
const INFO = { KIND: 1, DATA: 2 } as const
const VETH_INFO_PEER = 1
const BRPORT_MODE = 4
const AF_BRIDGE = 7
const BODY = 16
const IFF_UP = 1

/** A network interface. */
export interface Link {
  readonly index: number
  readonly name: string
  readonly up: boolean
  /** `bridge`, `veth` …; a plain device such as `lo` has none. */
  readonly kind?: string
  readonly mac?: string
  /** Bytes. */
  readonly mtu?: number
  /** Index of the bridge this link is plugged into. */
  readonly masterIndex?: number
  /** Index of a veth's other end, in the namespace with the number `peerNetns` when it is another one. */
  readonly peerIndex?: number
  readonly peerNetns?: number
}

/** What may be changed of a link. */
export interface LinkChange {
  readonly up?: boolean
  readonly name?: string
  /** Index of a bridge. */
  readonly masterIndex?: number
  /** File descriptor of the network namespace it goes to. */
  readonly netnsFd?: number
  /** Bytes. */
  readonly mtu?: number
  readonly mac?: string
}

/** ≙ ip link add name NAME type bridge, brctl addbr NAME */
export function writeBridgeAddRequest(name: string): Request {
  return newLink(text(IFLA.IFNAME, name), nested(IFLA.LINKINFO, text(INFO.KIND, 'bridge')))
}

/** ≙ ip link add name NAME type veth peer name PEER [netns …] */
export function writeVethAddRequest(name: string, peer: string, peerNetnsFd?: number): Request {
  const place = peerNetnsFd === undefined ? [] : [u32(IFLA.NET_NS_FD, peerNetnsFd)]
  const other = nested(VETH_INFO_PEER, header({}), text(IFLA.IFNAME, peer), ...place)
  return newLink(text(IFLA.IFNAME, name), nested(IFLA.LINKINFO, text(INFO.KIND, 'veth'), nested(INFO.DATA, other)))
}

/** ≙ ip link set dev … up | name … | master … | netns …; the link is found by its index, or by its name if it keeps that. */
export function writeLinkChangeRequest(link: number | string, change: LinkChange): Request {
  const { up, masterIndex, netnsFd, mtu, mac } = change
  const [index, name] = typeof link === 'number' ? [link, change.name] : [0, link]
  const attributes = [
    name !== undefined && text(IFLA.IFNAME, name),
    masterIndex !== undefined && u32(IFLA.MASTER, masterIndex),
    netnsFd !== undefined && u32(IFLA.NET_NS_FD, netnsFd),
    mtu !== undefined && u32(IFLA.MTU, mtu),
    mac !== undefined && attribute(IFLA.ADDRESS, Buffer.from(mac.replaceAll(':', ''), 'hex')),
  ].filter(bytes => bytes !== false)
  const flags = FLAG.REQUEST | FLAG.ACK
  return { type: RTM.NEWLINK, flags, body: concat(header({ index, up }), ...attributes) }
}

/** ≙ bridge link set dev … hairpin on: a packet may leave by the socket it came in by. */
export function writeHairpinRequest(index: number): Request {
  const port = nested(IFLA.PROTINFO, attribute(BRPORT_MODE, Uint8Array.of(1)))
  return { type: RTM.SETLINK, flags: FLAG.REQUEST | FLAG.ACK, body: concat(header({ index, family: AF_BRIDGE }), port) }
}

/** ≙ ip link del NAME */
export function writeLinkDeleteRequest(name: string): Request {
  return { type: RTM.DELLINK, flags: FLAG.REQUEST | FLAG.ACK, body: concat(header({}), text(IFLA.IFNAME, name)) }
}

/** ≙ ip link show NAME */
export function writeLinkRequest(name: string): Request {
  return { type: RTM.GETLINK, flags: FLAG.REQUEST | FLAG.ACK, body: concat(header({}), text(IFLA.IFNAME, name)) }
}

/** ≙ ip link show */
export function writeLinksRequest(): Request {
  return { type: RTM.GETLINK, flags: FLAG.REQUEST | FLAG.DUMP, body: header({}) }
}

/** One link, from the body of an RTM_NEWLINK message. */
export function parseLink(body: Uint8Array): Link {
  checkLength('link', body.length, BODY, Number.POSITIVE_INFINITY)
  const data = view(body)
  const attributes = parseAttributes(body.subarray(BODY))
  const info = attributes.get(IFLA.LINKINFO)
  const kind = info && readText(parseAttributes(info).get(INFO.KIND))
  const mac = attributes.get(IFLA.ADDRESS)
  return {
    index: data.getInt32(4, LITTLE),
    name: readText(attributes.get(IFLA.IFNAME)) ?? '',
    up: (data.getUint32(8, LITTLE) & IFF_UP) !== 0,
    kind,
    mac: mac && [...mac].map(byte => byte.toString(16).padStart(2, '0')).join(':'),
    mtu: readU32(attributes.get(IFLA.MTU)),
    masterIndex: readU32(attributes.get(IFLA.MASTER)),
    peerIndex: kind === 'veth' ? readU32(attributes.get(IFLA.LINK)) : undefined,
    peerNetns: kind === 'veth' ? readU32(attributes.get(IFLA.LINK_NETNSID)) : undefined,
  }
}

function newLink(...attributes: Uint8Array[]): Request {
  const flags = FLAG.REQUEST | FLAG.ACK | FLAG.CREATE | FLAG.EXCL
  return { type: RTM.NEWLINK, flags, body: concat(header({}), ...attributes) }
}

// struct ifinfomsg: family, padding, type (2), index (4), flags (4), which flags change (4)
function header({ index = 0, up, family = 0 }: { index?: number; up?: boolean; family?: number }): Uint8Array {
  const bytes = new Uint8Array(BODY)
  const data = view(bytes)
  data.setUint8(0, family)
  data.setInt32(4, index, LITTLE)
  data.setUint32(8, up ? IFF_UP : 0, LITTLE)
  data.setUint32(12, up === undefined ? 0 : IFF_UP, LITTLE)
  return bytes
}
