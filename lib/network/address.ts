/** Addresses of links as rtnetlink messages: struct ifaddrmsg and IFA_ attributes (linux/if_addr.h). */
import { type Cidr, showAddress } from './cidr.ts'
import {
  attribute,
  checkLength,
  concat,
  FLAG,
  LITTLE,
  parseAttributes,
  type Request,
  readText,
  view,
} from './message.ts'
import { FAMILY, SCOPE } from './numbers.ts'

const RTM = { NEWADDR: 20, GETADDR: 22 } as const
const IFA = { ADDRESS: 1, LOCAL: 2, LABEL: 3 } as const
const IFA_F_PERMANENT = 0x80
const IFA_F_NODAD = 0x02
const BODY = 8

/** An address of a link. */
export interface Address {
  readonly linkIndex: number
  /** `10.200.0.1/24` */
  readonly address: string
  readonly scope: number
  readonly label?: string
  /** Not one that runs out, as those of DHCP do. */
  readonly permanent: boolean
}

/** ≙ ip addr add ADDRESS/PREFIX dev … */
export function writeAddressAddRequest(linkIndex: number, { bytes, prefix }: Cidr): Request {
  // Like ip(8): what begins with 127 is meant for this machine only.
  const scope = bytes.length === 4 && bytes[0] === 127 ? SCOPE.HOST : SCOPE.UNIVERSE
  const four = bytes.length === 4
  // The address is ours alone, so nobody needs to be asked for a second whether he has it: until then it would not work.
  const header = writeHeader(four ? FAMILY.INET : FAMILY.INET6, prefix, scope, linkIndex, four ? 0 : IFA_F_NODAD)
  return {
    type: RTM.NEWADDR,
    flags: FLAG.REQUEST | FLAG.ACK | FLAG.CREATE | FLAG.EXCL,
    body: concat(header, attribute(IFA.LOCAL, bytes), attribute(IFA.ADDRESS, bytes)),
  }
}

/** ≙ ip addr show */
export function writeAddressesRequest(): Request {
  return { type: RTM.GETADDR, flags: FLAG.REQUEST | FLAG.DUMP, body: writeHeader(FAMILY.ANY, 0, 0, 0) }
}

/** One address, from the body of an RTM_NEWADDR message. */
export function parseAddress(body: Uint8Array): Address {
  checkLength('address', body.length, BODY, Number.POSITIVE_INFINITY)
  const data = view(body)
  const attributes = parseAttributes(body.subarray(BODY))
  // On a point-to-point link ADDRESS is the other side; LOCAL, where there is one, is always ours.
  const bytes = attributes.get(IFA.LOCAL) ?? attributes.get(IFA.ADDRESS) ?? new Uint8Array(4)
  return {
    linkIndex: data.getUint32(4, LITTLE),
    address: `${showAddress(bytes)}/${data.getUint8(1)}`,
    scope: data.getUint8(3),
    label: readText(attributes.get(IFA.LABEL)),
    permanent: (data.getUint8(2) & IFA_F_PERMANENT) !== 0,
  }
}

// struct ifaddrmsg: family, prefix length, flags, scope, link index (4)
function writeHeader(family: number, prefix: number, scope: number, linkIndex: number, flags = 0): Uint8Array {
  const bytes = Uint8Array.of(family, prefix, flags, scope, 0, 0, 0, 0)
  view(bytes).setUint32(4, linkIndex, LITTLE)
  return bytes
}
