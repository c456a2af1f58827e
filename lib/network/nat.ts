/** The rules of NAT as nftables objects: what Docker does with iptables, in tables of our own. Pure. */
import { parseCidr, showAddress } from './cidr.ts'
import { type NftCommand, type NftObject, newTable } from './nft.ts'

/** A port of the host that leads into a container. */
export interface PublishedPort {
  readonly protocol: 'tcp' | 'udp'
  /** Which address of the host; `0.0.0.0` and `::` are all of a family. */
  readonly hostIp: string
  readonly hostPort: number
  readonly containerPort: number
}

/** Where a container is to be reached. */
export interface ContainerAddresses {
  readonly bridge: string
  readonly address: string
  readonly address6?: string
}

/**
 * Lets containers speak to the world in the host's name: what leaves their subnet by another link than the bridge.
 * ≙ `iptables -t nat -A POSTROUTING -s SUBNET ! -o BRIDGE -j MASQUERADE`
 */
export function masqueradeTable(table: string, bridge: string, subnets: readonly string[]): NftCommand[] {
  const chain = baseChain(table, 'postrouting', 'postrouting', 100)
  const rules = subnets.map(subnet => {
    const { bytes, prefix } = parseCidr(subnet, 'subnet')
    const from = { prefix: { addr: showAddress(bytes), len: prefix } }
    return rule(table, 'postrouting', [
      match(payload(family(subnet), 'saddr'), from),
      match(meta('oifname'), bridge, '!='),
      { masquerade: null },
    ])
  })
  return newTable(table, [chain, ...rules])
}

/**
 * Leads the host's ports into a container, for who comes from outside and for the host itself, but for 127.0.0.1: a
 * packet from there may not leave the machine (route_localnet), so a program hands those on. ≙ Docker's chains DOCKER,
 * PREROUTING, OUTPUT and POSTROUTING of the table nat.
 */
export function publishTable(table: string, to: ContainerAddresses, ports: readonly PublishedPort[]): NftCommand[] {
  const rules = ports.flatMap(port => dnatRules(table, to, port))
  return newTable(table, [
    baseChain(table, 'prerouting', 'prerouting', -100),
    baseChain(table, 'output', 'output', -100),
    baseChain(table, 'postrouting', 'postrouting', 100),
    { chain: { family: 'inet', table, name: 'published' } },
    rule(table, 'prerouting', [toThisMachine(), { jump: { target: 'published' } }]),
    rule(table, 'output', [
      match(payload('ip', 'daddr'), { prefix: { addr: '127.0.0.0', len: 8 } }, '!='),
      toThisMachine(),
      { jump: { target: 'published' } },
    ]),
    rule(table, 'output', [
      match(payload('ip6', 'daddr'), '::1', '!='),
      toThisMachine(),
      { jump: { target: 'published' } },
    ]),
    ...rules,
  ])
}

/** True where a port can be reached by address translation: not from 127.0.0.1. */
export function isTranslated({ hostIp }: PublishedPort): boolean {
  return !/^(127\.|::1$)/.test(hostIp)
}

function dnatRules(table: string, { bridge, address, address6 }: ContainerAddresses, port: PublishedPort): NftObject[] {
  const of = port.hostIp.includes(':') ? 'ip6' : 'ip'
  const addr = of === 'ip6' ? address6 : address
  if (addr === undefined || !isTranslated(port)) return []
  const { protocol, hostIp, hostPort, containerPort } = port
  const only = hostIp === '0.0.0.0' || hostIp === '::' ? [] : [match(payload(of, 'daddr'), hostIp)]
  return [
    rule(table, 'published', [
      match(meta('nfproto'), of === 'ip6' ? 'ipv6' : 'ipv4'),
      ...only,
      // Who is on the bridge has the container's own address, and is answered by the program for 127.0.0.1 besides.
      match(meta('iifname'), bridge, '!='),
      match(payload(protocol, 'dport'), hostPort),
      { dnat: { family: of, addr, port: containerPort } },
    ]),
    // A container that calls itself by the host's address would otherwise get its own address as the sender's.
    rule(table, 'postrouting', [
      match(payload(of, 'saddr'), addr),
      match(payload(of, 'daddr'), addr),
      match(payload(protocol, 'dport'), containerPort),
      { masquerade: null },
    ]),
  ]
}

/** Where a port of the host leads, as a rule of nftables says. */
export interface Translation extends PublishedPort {
  readonly address: string
}

interface Expression {
  readonly match?: {
    readonly left: { readonly payload?: { protocol: string; field: string } }
    readonly right: unknown
  }
  readonly dnat?: { readonly family: string; readonly addr: string; readonly port: number }
}

/** Reads the published ports out of rules, as {@link publishTable} writes them and `nft -j list ruleset` shows them. */
export function translationsIn(rules: readonly NftObject[]): Translation[] {
  return rules.flatMap(object => {
    const { expr = [] } = (object.rule ?? {}) as { expr?: readonly Expression[] }
    const to = expr.find(({ dnat }) => dnat !== undefined)?.dnat
    const field = (name: string) => expr.find(({ match }) => match?.left.payload?.field === name)?.match
    const [port, host] = [field('dport'), field('daddr')]
    const protocol = port?.left.payload?.protocol
    if (!to || typeof port?.right !== 'number' || (protocol !== 'tcp' && protocol !== 'udp')) return []
    const all = to.family === 'ip6' ? '::' : '0.0.0.0'
    const hostIp = typeof host?.right === 'string' ? host.right : all
    return [{ protocol, hostIp, hostPort: port.right, address: to.addr, containerPort: to.port }]
  })
}

export function baseChain(table: string, name: string, hook: string, prio: number): NftObject {
  return { chain: { family: 'inet', table, name, type: 'nat', hook, prio, policy: 'accept' } }
}

export function rule(table: string, chain: string, expr: readonly object[]): NftObject {
  return { rule: { family: 'inet', table, chain, expr } }
}

export function match(left: object, right: unknown, op = '=='): object {
  return { match: { op, left, right } }
}

export function payload(protocol: string, field: string): object {
  return { payload: { protocol, field } }
}

export function meta(key: string): object {
  return { meta: { key } }
}

export function toThisMachine(): object {
  return match({ fib: { result: 'type', flags: ['daddr'] } }, 'local')
}

function family(subnet: string): 'ip' | 'ip6' {
  return subnet.includes(':') ? 'ip6' : 'ip'
}
