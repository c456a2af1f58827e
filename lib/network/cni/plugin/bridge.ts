import { randomBytes } from 'node:crypto'
import { parseCidr } from '../../cidr.ts'
import { masqueradeTable } from '../../nat.ts'
import { isNetns } from '../../netns.ts'
import { deleteTable } from '../../nft.ts'
import { applyPlan } from '../../plan.ts'
import type { NetworkStep } from '../../step.ts'
import { readSysctl } from '../../sysctl.ts'
import { type Place, topology } from '../../topology.ts'
import { deleteLink } from '../../undo.ts'
import { cniError } from '../error.ts'
import type { CniDns, CniIp, CniResult, CniRoute } from '../result.ts'
import { checkBridge } from './checkBridge.ts'
import { delegate } from './delegate.ts'
import type { Plugin } from './main.ts'
import { hostLinkOf, tableOf } from './names.ts'
import { type Asked, type Config, refuse } from './request.ts'
import { clearTables } from './tables.ts'

/** Its part of the configuration, by the real one's names. */
interface BridgeConfig extends Config {
  readonly bridge?: string
  /** The bridge gets the gateway's address, and this machine hands packets on. */
  readonly isGateway?: boolean
  readonly isDefaultGateway?: boolean
  readonly ipMasq?: boolean
  readonly mtu?: number
  readonly hairpinMode?: boolean
  readonly dns?: CniDns
}

const UNSUPPORTED = [
  'vlan',
  'vlanTrunk',
  'macspoofchk',
  'promiscMode',
  'forceAddress',
  'portIsolation',
  'enabledad',
  'disableContainerInterface',
]

/** A bridge, and a cable from it into the container: {@link joinNetwork}, in CNI's words. */
export const bridge: Plugin = {
  async add(asked) {
    const config = readConfig(asked)
    const { netns, ifName } = asked
    if (!isNetns(netns)) throw cniError(3, 'no network namespace', netns)
    const [host, inside] = await topology([netns])
    if (inside!.links.some(({ name }) => name === ifName))
      throw cniError(999, `container veth name provided (${ifName}) already exists`)
    const given = withGateways(config, await delegated(asked))
    try {
      await applyPlan(await planFor(asked, config, given, host!))
      return await answer(asked, config, given)
    } catch (error) {
      // SPEC.md § 4: what was given out for nothing is given back.
      await delegate(asked, 'DEL')
      throw error
    }
  },

  async del(asked) {
    const { netns, ifName } = asked
    if (netns !== '') await deleteLink(ifName, netns)
    await deleteLink(hostLinkOf(asked))
    await delegate(asked)
    if ((asked.config as BridgeConfig).ipMasq) await deleteTable(tableOf('masq', asked))
  },

  async check(asked) {
    await delegate(asked)
    await checkBridge(asked, bridgeOf(asked.config), hostLinkOf(asked))
  },

  async status(asked) {
    await delegate(asked)
  },

  async gc(asked) {
    await delegate(asked)
    await clearTables('masq', asked)
  },
}

function readConfig({ config }: Asked): BridgeConfig {
  refuse(config, UNSUPPORTED)
  return config
}

function bridgeOf(config: BridgeConfig): string {
  return config.bridge ?? 'cni0'
}

async function delegated(asked: Asked): Promise<CniResult> {
  if (!asked.config.ipam?.type) return {}
  const result = (await delegate(asked)) ?? {}
  if (!result.ips?.length) throw cniError(999, 'IPAM plugin returned missing IP config')
  return result
}

/** Addresses with their gateways, and the ways that go with them. */
function withGateways({ isGateway, isDefaultGateway, dns }: BridgeConfig, given: CniResult): CniResult {
  const ips: CniIp[] = (given.ips ?? []).map(({ address, gateway }) => ({ interface: 2, address, gateway }))
  if ((isGateway || isDefaultGateway) && ips.some(({ gateway }) => gateway === undefined))
    throw cniError(7, 'a gateway needs an address', 'the IPAM plugin gave none')
  const routes: CniRoute[] = [...(given.routes ?? [])]
  if (isDefaultGateway)
    for (const { gateway, address } of ips) {
      const dst = address.includes(':') ? '::/0' : '0.0.0.0/0'
      if (!routes.some(route => route.dst === dst)) routes.push({ dst, gw: gateway })
    }
  return { ips, routes, dns: dns && Object.keys(dns).length > 0 ? dns : given.dns }
}

async function planFor(asked: Asked, config: BridgeConfig, given: CniResult, host: Place): Promise<NetworkStep[]> {
  const { netns, ifName } = asked
  const [name, link] = [bridgeOf(config), hostLinkOf(asked)]
  const { mtu, hairpinMode, ipMasq } = config
  const mac = macAskedFor(asked)
  const ips = given.ips ?? []
  const found = host.links.find(one => one.name === name)
  if (found && found.kind !== 'bridge') throw cniError(999, `"${name}" already exists but is not a bridge`)
  const mtus = (link: string, netns?: string): NetworkStep[] => (mtu ? [{ change: 'setMtu', link, mtu, netns }] : [])
  // CVE-2020-10749: a container must not pass for the host's router.
  const noRouter = (link: string) =>
    ({ change: 'setSysctl', key: `net/ipv6/conf/${link}/accept_ra`, value: '0', ifThere: true }) as const
  return [
    // Left to itself a bridge takes the lowest of its sockets' addresses, another one with each that comes or goes.
    ...(found ? [] : [{ change: 'addBridge', bridge: name } as const, setMac(name, ownMac()), ...mtus(name)]),
    noRouter(name),
    ...(found?.up ? [] : [{ change: 'setUp', link: name } as const]),
    { change: 'addVeth', link, peer: ifName, peerNetns: netns },
    ...mtus(link),
    ...mtus(ifName, netns),
    ...(mac === undefined ? [] : [setMac(ifName, mac, netns)]),
    noRouter(link),
    { change: 'setUp', link },
    { change: 'plugIn', bridge: name, link },
    ...(hairpinMode ? [{ change: 'setHairpin', link } as const] : []),
    // Neighbours who remember another holder of the address are told of this one.
    { change: 'setSysctl', key: `net/ipv4/conf/${ifName}/arp_notify`, value: '1', netns },
    ...ips.map(({ address }) => ({ change: 'addAddress', address, link: ifName, netns }) as const),
    { change: 'setUp', link: ifName, netns },
    ...(given.routes ?? []).map(route => routeStep(route, ips, netns)),
    ...(await gatewaySteps(config, name, ips, host)),
    ...(ipMasq ? [masquerade(asked, name, ips)] : []),
  ]
}

/** Asked for in any of the three ways there are. */
function macAskedFor({ args, config }: Asked): string | undefined {
  const mac = config.runtimeConfig?.mac ?? config.args?.cni?.mac ?? args.MAC
  if (mac === undefined) return undefined
  if (typeof mac === 'string' && /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(mac)) return mac
  throw cniError(7, 'invalid mac', JSON.stringify(mac))
}

function setMac(link: string, mac: string, netns?: string): NetworkStep {
  return { change: 'setMac', link, mac, netns }
}

/** One that no maker has given out: the second bit says so. */
function ownMac(): string {
  return ['02', ...randomBytes(5).toString('hex').match(/../g)!].join(':')
}

function routeStep({ dst, gw }: CniRoute, ips: readonly CniIp[], netns: string): NetworkStep {
  const six = dst.includes(':')
  const gateway = gw ?? ips.find(({ address }) => address.includes(':') === six)?.gateway
  if (gateway === undefined) throw cniError(7, 'a route without a gateway', dst)
  const destination = parseCidr(dst, 'route').prefix === 0 ? 'default' : dst
  return { change: 'addRoute', destination, gateway, netns }
}

async function gatewaySteps(
  config: BridgeConfig,
  name: string,
  ips: readonly CniIp[],
  host: Place,
): Promise<NetworkStep[]> {
  if (!config.isGateway && !config.isDefaultGateway) return []
  const steps: NetworkStep[] = []
  for (const { address, gateway } of ips) {
    const own = `${gateway}/${address.split('/')[1]}`
    const has = host.addresses.filter(({ link }) => link === name).map(({ address }) => address)
    if (has.includes(own)) continue
    const other = own.includes(':') ? undefined : has.find(one => !one.includes(':'))
    if (other) throw cniError(999, `"${name}" already has an IP address different from ${own}`, other)
    steps.push({ change: 'addAddress', address: own, link: name })
  }
  for (const key of ['net/ipv4/ip_forward', 'net/ipv6/conf/all/forwarding']) {
    const needed = ips.some(({ address }) => address.includes(':') === key.includes('ipv6'))
    if (!needed || (await readSysctl(key)) === '1') continue
    // A gateway that does not hand packets on is none: so the configuration asks for it, and it is said.
    process.stderr.write(`bridge: isGateway: sysctl -w ${key}=1\n`)
    steps.push({ change: 'setSysctl', key, value: '1' })
  }
  return steps
}

function masquerade(asked: Asked, bridge: string, ips: readonly CniIp[]): NetworkStep {
  const table = tableOf('masq', asked)
  const alone = ips.map(({ address }) => `${address.split('/')[0]}/${address.includes(':') ? 128 : 32}`)
  return { change: 'addTable', table, commands: masqueradeTable(table, bridge, alone) }
}

async function answer(asked: Asked, config: BridgeConfig, given: CniResult): Promise<CniResult> {
  const { netns, ifName } = asked
  const [host, inside] = await topology([netns])
  const link = (place: Place | undefined, name: string) => ({
    name,
    mac: place?.links.find(one => one.name === name)?.mac,
  })
  const { ips, routes, dns } = given
  return {
    interfaces: [
      link(host, bridgeOf(config)),
      link(host, hostLinkOf(asked)),
      { ...link(inside, ifName), sandbox: netns },
    ],
    ...(ips?.length && { ips }),
    ...(routes?.length && { routes }),
    dns: dns ?? {},
  }
}
