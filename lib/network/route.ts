/** Routes as rtnetlink messages: struct rtmsg and RTA_ attributes (linux/rtnetlink.h). */
import { type Cidr, showAddress } from './cidr.ts'
import { attribute, concat, FLAG, parseAttributes, type Request, readU32, u32 } from './message.ts'
import { FAMILY, SCOPE } from './numbers.ts'

const RTM = { NEWROUTE: 24, GETROUTE: 26 } as const
const RTA = { DST: 1, OIF: 4, GATEWAY: 5, PREFSRC: 7, TABLE: 15 } as const
const TABLE_MAIN = 254
const PROTOCOL_BOOT = 3
const TYPE_UNICAST = 1
const BODY = 12

/** A way to somewhere. */
export interface Route {
  /** `default` or `10.200.0.0/24` */
  readonly destination: string
  readonly gateway?: string
  readonly linkIndex?: number
  /** The address of ours that packets on this way carry. */
  readonly source?: string
  readonly table: number
}

/** ≙ ip route add default via GATEWAY, ip route add DESTINATION via GATEWAY */
export function writeRouteAddRequest(destination: Cidr | 'default', gateway: Uint8Array): Request {
  const [to, prefix] =
    destination === 'default' ? [new Uint8Array(), 0] : [attribute(RTA.DST, destination.bytes), destination.prefix]
  const family = gateway.length === 4 ? FAMILY.INET : FAMILY.INET6
  const header = Uint8Array.of(
    family,
    prefix,
    0,
    0,
    TABLE_MAIN,
    PROTOCOL_BOOT,
    SCOPE.UNIVERSE,
    TYPE_UNICAST,
    0,
    0,
    0,
    0,
  )
  return {
    type: RTM.NEWROUTE,
    flags: FLAG.REQUEST | FLAG.ACK | FLAG.CREATE | FLAG.EXCL,
    body: concat(header, to, attribute(RTA.GATEWAY, gateway)),
  }
}

/** ≙ ip route show, ip -6 route show: table main */
export function writeRoutesRequest(family: number = FAMILY.INET): Request {
  const header = Uint8Array.of(family, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
  return { type: RTM.GETROUTE, flags: FLAG.REQUEST | FLAG.DUMP, body: concat(header, u32(RTA.TABLE, TABLE_MAIN)) }
}

/** One route, from the body of an RTM_NEWROUTE message. */
export function parseRoute(body: Uint8Array): Route {
  const attributes = parseAttributes(body.subarray(BODY))
  const [to, gateway, source] = [RTA.DST, RTA.GATEWAY, RTA.PREFSRC].map(type => attributes.get(type))
  return {
    destination: to ? `${showAddress(to)}/${body[1]}` : 'default',
    gateway: gateway && showAddress(gateway),
    linkIndex: readU32(attributes.get(RTA.OIF)),
    source: source && showAddress(source),
    table: readU32(attributes.get(RTA.TABLE)) ?? body[4] ?? 0,
  }
}
