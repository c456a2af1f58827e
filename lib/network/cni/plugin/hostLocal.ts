import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAddressBytes } from '../../cidr.ts'
import { cniError } from '../error.ts'
import type { CniDns, CniRoute } from '../result.ts'
import { type Leases, withLeases } from './leases.ts'
import type { Plugin } from './main.ts'
import { candidates, contains, overlap, parseRange, type Range, type RangeConfig, showBig, toBig } from './range.ts'
import { type Asked, type Config, validAttachments } from './request.ts'

/** Its part of the configuration: `ipam`. */
interface Ipam extends Partial<RangeConfig> {
  /** Of each set a container gets one address. */
  readonly ranges?: readonly (readonly RangeConfig[])[]
  readonly routes?: readonly CniRoute[]
  readonly dataDir?: string
  /** A file whose servers the container is told. */
  readonly resolvConf?: string
}

/** Gives out addresses of this machine's own ranges, and remembers in files whose they are. */
export const hostLocal: Plugin = {
  async add(asked) {
    const sets = rangeSets(asked.config)
    const { routes, resolvConf } = ipamOf(asked.config)
    const ips = await withLeases(folderOf(asked), leases => allocate(leases, sets, asked))
    return { ips, ...(routes && { routes }), dns: resolvConf ? readResolvConf(resolvConf) : {} }
  },
  async del(asked) {
    await withLeases(folderOf(asked), leases => release(leases, whose => isHis(whose, asked)))
  },
  async check(asked) {
    const found = await withLeases(folderOf(asked), leases => leases.all().some(([, whose]) => isHis(whose, asked)))
    if (!found) throw cniError(999, `no address is reserved for ${asked.containerId} ${asked.ifName}`)
  },
  /** SPEC.md § STATUS: who has nothing left to give says so. */
  async status(asked) {
    const sets = rangeSets(asked.config)
    const isFree = (leases: Leases, range: Range) => hasFree(range, address => leases.holder(address) === undefined)
    const full = await withLeases(folderOf(asked), leases =>
      sets.find(set => !set.some(range => isFree(leases, range))),
    )
    if (full) throw cniError(50, 'no addresses left', showSet(full))
  },
  async gc(asked) {
    const valid = validAttachments(asked.config)
    await withLeases(folderOf(asked), leases => release(leases, whose => !valid.has(whose)))
  },
}

function allocate(leases: Leases, sets: readonly Range[][], asked: Asked) {
  const whose = `${asked.containerId}/${asked.ifName}`
  const had = leases.all().find(([, holder]) => holder === whose)
  if (had) throw cniError(999, `${had[0]} has been allocated to ${asked.containerId}, a second time is not allowed`)
  const wanted = requested(asked)
  const astray = wanted.find(address => !sets.flat().some(range => contains(range, address)))
  if (astray) throw cniError(7, 'the address asked for is not in a range', astray)
  const taken: string[] = []
  try {
    return sets.map((set, index) => {
      const address = wanted.find(one => set.some(range => contains(range, one)))
      const [range, number] =
        address === undefined ? next(leases, set, index, whose) : exactly(leases, set, address, whose)
      taken.push(showBig(number, range.four))
      const { prefix, gateway, four } = range
      return { address: `${showBig(number, four)}/${prefix}`, gateway: showBig(gateway, four) }
    })
  } catch (error) {
    for (const address of taken) leases.give(address)
    throw error
  }
}

function exactly(leases: Leases, set: readonly Range[], address: string, whose: string): [Range, bigint] {
  const range = set.find(one => contains(one, address))!
  const number = toBig(parseAddressBytes(address, 'address'))
  if (number === range.gateway) throw cniError(7, 'the address asked for is the gateway’s', address)
  if (!leases.take(address, whose))
    throw cniError(999, `requested IP address ${address} is not available`, showSet(set))
  return [range, number]
}

/** From the last one on: what was heard of an address may still be remembered by others. */
function next(leases: Leases, set: readonly Range[], index: number, whose: string): [Range, bigint] {
  const last = leases.lastOf(index)?.trim()
  const begun = last ? set.findIndex(range => contains(range, last)) : -1
  const order = begun === -1 ? set : [...set.slice(begun), ...set.slice(0, begun)]
  for (const range of order)
    for (const number of candidates(
      range,
      range === set[begun] ? toBig(parseAddressBytes(last!, 'address')) : undefined,
    )) {
      const address = showBig(number, range.four)
      if (!leases.take(address, whose)) continue
      leases.remember(index, address)
      return [range, number]
    }
  throw cniError(999, `no IP addresses available in range set: ${showSet(set)}`)
}

function hasFree(range: Range, isFree: (address: string) => boolean): boolean {
  for (const number of candidates(range)) if (isFree(showBig(number, range.four))) return true
  return false
}

function release(leases: Leases, isTheirs: (whose: string) => boolean): void {
  for (const [address, whose] of leases.all()) if (isTheirs(whose)) leases.give(address)
}

/** The oldest wrote the container alone. */
function isHis(whose: string, { containerId, ifName }: Asked): boolean {
  return whose === `${containerId}/${ifName}` || whose === containerId
}

/** Asked for in any of the three ways there are: CNI_ARGS, `args.cni`, and the capability `ips`. */
function requested({ args, config }: Asked): string[] {
  const lists = [args.IP ? [args.IP] : [], config.args?.cni?.ips ?? [], config.runtimeConfig?.ips ?? []] as string[][]
  return lists.flat().map(text => text.split('/')[0]!)
}

function rangeSets(config: Config): Range[][] {
  const { subnet, rangeStart, rangeEnd, gateway, ranges = [] } = ipamOf(config)
  const more = (config.runtimeConfig?.ipRanges ?? []) as RangeConfig[][]
  const single = subnet === undefined ? [] : [[{ subnet, rangeStart, rangeEnd, gateway }]]
  const sets = [...single, ...more, ...ranges].map(set => set.map(parseRange))
  if (sets.length === 0) throw cniError(7, 'no IP ranges specified')
  const all = sets.flat()
  if (all.some((range, i) => all.slice(i + 1).some(other => overlap(range, other))))
    throw cniError(7, 'ranges overlap', sets.map(showSet).join(' and '))
  return sets
}

function ipamOf(config: Config): Ipam {
  if (!config.ipam) throw cniError(7, 'IPAM config missing', '"ipam" key')
  return config.ipam as Ipam
}

function folderOf({ config, network }: Asked): string {
  return join(ipamOf(config).dataDir ?? '/var/lib/cni/networks', network)
}

function readResolvConf(path: string): CniDns {
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .map(line => line.trim().split(/\s+/))
  const of = (key: string) => lines.filter(([first]) => first === key).map(([, ...words]) => words)
  const [domain] = of('domain').flat()
  return {
    nameservers: of('nameserver').flat(),
    ...(domain && { domain }),
    search: of('search').flat(),
    options: of('options').flat(),
  }
}

function showSet(set: readonly Range[]): string {
  return set.map(({ first, last, four }) => `${showBig(first, four)}-${showBig(last, four)}`).join(',')
}
