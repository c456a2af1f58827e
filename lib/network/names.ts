import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { OciError } from '../errors.ts'
import { fromNumber, hostNumber, parseSubnet, parseSubnet6 } from './cidr.ts'
import { netnsPath } from './netns.ts'

/** The names and addresses of a lab's network. */
export interface NetworkNames {
  readonly bridge: string
  /** `10.200.0.0/24` */
  readonly subnet: string
  /** `10.200.0.1`, the bridge's own: the gateway of the containers. */
  readonly bridgeAddress: string
  readonly vethHost: string
  /** What the container's end is called until it is in the namespace, and becomes eth0. */
  readonly vethGuest: string
  readonly netns: string
  readonly netnsPath: string
  /** `10.200.0.2` */
  readonly containerAddress: string
  /** The nftables table with its rules, where it has some. */
  readonly table: string
  /** `fd5a:3c:1::/64`, where it has IPv6 too. The host's part of an IPv6 address is that of the IPv4 address. */
  readonly subnet6?: string
  /** Bytes; the kernel's own choice is 1500. */
  readonly mtu?: number
  /** Its containers reach the world, in the host's name: the article's reach the host alone. */
  readonly outbound?: boolean
}

// The article's own, to the letter.
const ARTICLE: NetworkNames = {
  bridge: 'runc0',
  subnet: '10.200.0.0/24',
  bridgeAddress: '10.200.0.1',
  vethHost: 'veth-host',
  vethGuest: 'veth-guest',
  netns: 'runc-demo-contaienr',
  netnsPath: netnsPath('runc-demo-contaienr'),
  containerAddress: '10.200.0.2',
  table: 'ocilab_default',
}

/** Where programs keep, until the machine restarts, what they tell each other. */
export const RUN_FOLDER = '/run/ocilab'

/** The file by which one program at a time changes what is plugged into a bridge; it remembers the last address given. */
export function bridgeLock(bridge: string): string {
  return join(RUN_FOLDER, `${bridge}.lock`)
}

/** The names of a lab: `default` has the article's own, every other id names that are not another's. Throws `ARGUMENT_INVALID`. */
export function labNames(id = 'default'): NetworkNames {
  const tag = labTag(id)
  if (id === 'default') return ARTICLE
  const netns = `ocilab-${id}`
  return {
    ...namesFor(`runc-${tag}`, id),
    vethHost: `veth-${tag}-h`,
    vethGuest: `veth-${tag}-g`,
    netns,
    netnsPath: netnsPath(netns),
    table: `ocilab_${tag}`,
  }
}

/**
 * The port of this machine where a lab publishes what the article has on port `ofArticle`: in the lab `default` that very
 * port, in another one of its own, below those that the kernel gives away (ip_local_port_range). Throws `ARGUMENT_INVALID`.
 */
export function labPort(id: string, ofArticle: number): number {
  checkLabId(id)
  return id === 'default' ? ofArticle : 10_000 + (hashOf(`${id}:${ofArticle}`).readUInt32BE() % 22_000)
}

/** What a network may be told, beside its name. */
export interface NetworkChoice {
  subnet?: string
  /** Also IPv6: with a prefix of its own, or the one asked for. */
  ipv6?: boolean | string
  mtu?: number
}

/** One network of several of a lab: `bridge` is the lab's own, and speaks to the world. Throws `ARGUMENT_INVALID`. */
export function networkNames(id: string, network = 'bridge', choice: NetworkChoice = {}): NetworkNames {
  checkNetworkName(network)
  const lab = labNames(id)
  const tag = hashOf(`${id}/${network}`).toString('hex', 0, 4)
  const own =
    network === 'bridge'
      ? lab
      : {
          ...lab,
          ...namesFor(`rn-${tag}`, `${id}/${network}`),
          vethHost: `vh-${tag}`,
          vethGuest: `vg-${tag}`,
          table: `${lab.table}_${tag}`,
        }
  const { subnet, ipv6, mtu } = choice
  const names = {
    ...own,
    outbound: true,
    ...(subnet !== undefined && addressesIn(subnet)),
    ...(ipv6 && { subnet6: ipv6 === true ? subnet6For(`${id}/${network}`) : ipv6 }),
    ...(mtu !== undefined && { mtu }),
  }
  checkNames(names)
  return names
}

/** A short id is its own tag; a hash has eight digits, so it is never another lab's short id. */
export function labTag(id: string): string {
  checkLabId(id)
  return /^[a-z0-9]{1,7}$/.test(id) ? id : hashOf(id).toString('hex', 0, 4)
}

/** ≙ docker network create: letters, digits, `_`, `.`, `-`. Throws `ARGUMENT_INVALID`. */
export function checkNetworkName(name: string): void {
  check(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$/.test(name), 'network', 'a name of letters, digits, "_", "." or "-"', name)
}

// 10.201.0.0/24 … 10.254.255.0/24: two may share a hash, and then the second is told so (NETWORK_EXISTS).
function namesFor(bridge: string, seed: string) {
  const hash = hashOf(seed)
  const first = (10 << 24) | ((201 + (hash.readUInt16BE(4) % 54)) << 16) | (hash.readUInt8(6) << 8)
  return { bridge, ...addressesIn(`${fromNumber(first)}/24`) }
}

function addressesIn(subnet: string) {
  const { first } = parseSubnet(subnet, 'subnet')
  return { subnet, bridgeAddress: fromNumber(first + 1), containerAddress: fromNumber(first + 2) }
}

// RFC 4193: fd and forty bits that are nobody else's.
function subnet6For(seed: string): string {
  const hex = hashOf(seed).toString('hex', 8, 13)
  return `fd${hex.slice(0, 2)}:${hex.slice(2, 6)}:${hex.slice(6, 10)}::/64`
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/** A lab's id is also a file's name. Throws `ARGUMENT_INVALID`. */
export function checkLabId(id: string): void {
  check(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/.test(id), 'lab id', '1 to 64 letters, digits, "_", "." or "-"', id)
}

/** What dev_valid_name() of the kernel allows, and no `%`, which it would fill in. Throws `ARGUMENT_INVALID`. */
export function checkLinkName(name: string, where: string): void {
  check(isLinkName(name), where, LINK_NAME, name)
}

export function isLinkName(name: string): boolean {
  return /^[!-~]{1,15}$/.test(name) && !/[/:%]/.test(name) && name !== '.' && name !== '..'
}

/** What {@link isLinkName} wants. */
export const LINK_NAME = 'a link name of 1 to 15 bytes without space, "/", ":" or "%"'

/** A netns name is a file's name below /run/netns. Throws `ARGUMENT_INVALID`. */
export function checkNetnsName(name: string, where: string): void {
  const fits = /^[!-~]{1,255}$/.test(name) && !name.includes('/') && name !== '.' && name !== '..'
  check(fits, where, 'a file name without space or "/"', name)
}

/** Checks all names and addresses, and that the addresses are in the subnet and not the same. Throws `ARGUMENT_INVALID`. */
export function checkNames(names: NetworkNames): void {
  const links = [names.bridge, names.vethHost, names.vethGuest]
  checkLinkName(names.bridge, 'bridge')
  checkLinkName(names.vethHost, 'vethHost')
  checkLinkName(names.vethGuest, 'vethGuest')
  check(new Set(links).size === links.length, 'links', 'three different names', links.join(' '))
  checkNetnsName(names.netns, 'netns')
  const subnet = parseSubnet(names.subnet, 'subnet')
  const gateway = hostNumber(names.bridgeAddress, subnet, 'bridgeAddress')
  const container = hostNumber(names.containerAddress, subnet, 'containerAddress')
  check(
    gateway !== container,
    'containerAddress',
    `another one than the bridge's ${names.bridgeAddress}`,
    names.containerAddress,
  )
  if (names.subnet6 !== undefined) parseSubnet6(names.subnet6, 'subnet6')
  const { mtu, subnet6 } = names
  // RFC 791 and RFC 8200: what every link must carry. A veth takes no more than 65535.
  const least = subnet6 === undefined ? 68 : 1280
  const fits = mtu === undefined || (Number.isInteger(mtu) && mtu >= least && mtu <= 65535)
  check(fits, 'mtu', `${least} to 65535 bytes`, String(mtu))
}

function check(fits: boolean, where: string, want: string, got: string): void {
  if (!fits)
    throw new OciError('ARGUMENT_INVALID', `${where}: cannot be used (want ${want}, got ${JSON.stringify(got)})`, {
      want,
      got,
      where,
    })
}
