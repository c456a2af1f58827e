/** The rules of portmap, as nftables objects. Pure. */
import { parseCidr, showAddress } from '../../cidr.ts'
import { baseChain, match, meta, payload, rule, toThisMachine } from '../../nat.ts'
import { type NftCommand, type NftObject, newTable } from '../../nft.ts'

/** A port of the host that leads into the container. */
export interface Mapping {
  readonly protocol: 'tcp' | 'udp'
  /** Empty, `0.0.0.0` and `::` are all addresses. */
  readonly hostIP: string
  readonly hostPort: number
  readonly containerPort: number
}

/** An address of the container, with its prefix, and the host's link to it. */
export interface Target {
  readonly address: string
  readonly link?: string
}

/**
 * Who asks for a host's port, from elsewhere, from this machine, 127.0.0.1 included, or from a container, is led into the
 * container. ≙ the iptables chains CNI-HOSTPORT-DNAT, CNI-DN-… and CNI-HOSTPORT-MASQ
 */
export function portTable(
  table: string,
  targets: readonly Target[],
  ports: readonly Mapping[],
  { snat, masqAll }: { snat: boolean; masqAll: boolean },
): NftCommand[] {
  const pairs = targets.flatMap(target => ports.filter(port => isFor(target, port)).map(port => ({ target, port })))
  return newTable(table, [
    baseChain(table, 'prerouting', 'prerouting', -100),
    baseChain(table, 'output', 'output', -100),
    baseChain(table, 'postrouting', 'postrouting', 100),
    { chain: { family: 'inet', table, name: 'published' } },
    ...['prerouting', 'output'].map(chain => rule(table, chain, [toThisMachine(), { jump: { target: 'published' } }])),
    ...pairs.map(({ target, port }) => lead(table, target, port)),
    ...(snat
      ? [...pairs.flatMap(({ target, port }) => comeBack(table, target, port, masqAll)), ...guard(table, targets)]
      : []),
  ])
}

function lead(table: string, { address }: Target, { protocol, hostIP, hostPort, containerPort }: Mapping): NftObject {
  const family = familyOf(address)
  const all = ['', '0.0.0.0', '::'].includes(hostIP)
  return rule(table, 'published', [
    match(meta('nfproto'), family === 'ip6' ? 'ipv6' : 'ipv4'),
    ...(all ? [] : [match(payload(family, 'daddr'), hostIP)]),
    // Nothing can be led out of the machine from ::1.
    ...(family === 'ip6' ? [match(payload('ip6', 'daddr'), '::1', '!=')] : []),
    match(payload(protocol, 'dport'), hostPort),
    { dnat: { family, addr: address.split('/')[0], port: containerPort } },
  ])
}

/** Who is the container's neighbour, or on 127.0.0.1, would be answered past us: so it is we who ask. */
function comeBack(
  table: string,
  { address }: Target,
  { protocol, containerPort }: Mapping,
  masqAll: boolean,
): NftObject[] {
  const family = familyOf(address)
  const { bytes, prefix } = parseCidr(address, 'address')
  const subnet = showAddress(bytes.map((byte, i) => byte & (0xff << Math.min(8, Math.max(0, 8 - prefix + i * 8)))))
  const neighbours = { prefix: { addr: subnet, len: prefix } }
  const local = { prefix: { addr: '127.0.0.0', len: 8 } }
  const sources = masqAll ? [undefined] : family === 'ip' ? [neighbours, local] : [neighbours]
  return sources.map(from =>
    rule(table, 'postrouting', [
      ...(from ? [match(payload(family, 'saddr'), from)] : []),
      match(payload(family, 'daddr'), address.split('/')[0]),
      match(payload(protocol, 'dport'), containerPort),
      match({ ct: { key: 'status' } }, 'dnat', 'in'),
      { masquerade: null },
    ]),
  )
}

/** CVE-2020-8558: with route_localnet, what is only for this machine's own programs could be asked for from outside. */
function guard(table: string, targets: readonly Target[]): NftObject[] {
  const links = targets.flatMap(({ address, link }) => (link && !address.includes(':') ? [link] : []))
  if (links.length === 0) return []
  const local = { prefix: { addr: '127.0.0.0', len: 8 } }
  return [
    {
      chain: { family: 'inet', table, name: 'guard', type: 'filter', hook: 'prerouting', prio: -300, policy: 'accept' },
    },
    ...links.map(link =>
      rule(table, 'guard', [match(meta('iifname'), link), match(payload('ip', 'daddr'), local), { drop: null }]),
    ),
  ]
}

function isFor({ address }: Target, { hostIP }: Mapping): boolean {
  return hostIP === '' || hostIP.includes(':') === address.includes(':')
}

function familyOf(address: string): 'ip' | 'ip6' {
  return address.includes(':') ? 'ip6' : 'ip'
}
