import { createHash } from 'node:crypto'
import { OciError } from '../errors.ts'
import { fromNumber, hostNumber, parseSubnet } from './cidr.ts'
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
}

/** The names of a lab: `default` has the article's own, every other id names that are not another's. Throws `ARGUMENT_INVALID`. */
export function labNames(id = 'default'): NetworkNames {
  if (id === 'default') return ARTICLE
  checkLabId(id)
  const hash = createHash('sha256').update(id).digest()
  // A short id is its own tag; a hash has eight digits, so it is never another lab's short id.
  const tag = /^[a-z0-9]{1,7}$/.test(id) ? id : hash.toString('hex', 0, 4)
  // 10.201.0.0/24 … 10.254.255.0/24: two labs may share a hash, and then the second is told so (NETWORK_EXISTS).
  const network = (10 << 24) | ((201 + (hash.readUInt16BE(4) % 54)) << 16) | (hash.readUInt8(6) << 8)
  const netns = `ocilab-${id}`
  return {
    bridge: `runc-${tag}`,
    subnet: `${fromNumber(network)}/24`,
    bridgeAddress: fromNumber(network + 1),
    vethHost: `veth-${tag}-h`,
    vethGuest: `veth-${tag}-g`,
    netns,
    netnsPath: netnsPath(netns),
    containerAddress: fromNumber(network + 2),
  }
}

/** A lab's id is also a file's name. Throws `ARGUMENT_INVALID`. */
export function checkLabId(id: string): void {
  check(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/.test(id), 'lab id', '1 to 64 letters, digits, "_", "." or "-"', id)
}

/** What dev_valid_name() of the kernel allows, and no `%`, which it would fill in. Throws `ARGUMENT_INVALID`. */
export function checkLinkName(name: string, where: string): void {
  const fits = /^[!-~]{1,15}$/.test(name) && !/[/:%]/.test(name) && name !== '.' && name !== '..'
  check(fits, where, 'a link name of 1 to 15 bytes without space, "/", ":" or "%"', name)
}

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
}

function check(fits: boolean, where: string, want: string, got: string): void {
  if (!fits)
    throw new OciError('ARGUMENT_INVALID', `${where}: cannot be used (want ${want}, got ${JSON.stringify(got)})`, {
      want,
      got,
      where,
    })
}
