import { deleteTable, nft, tableNames } from '../../nft.ts'
import { applyPlan } from '../../plan.ts'
import { topology } from '../../topology.ts'
import { cniError } from '../error.ts'
import type { CniResult } from '../result.ts'
import type { Plugin } from './main.ts'
import { tableOf } from './names.ts'
import { type Mapping, portTable, type Target } from './portRules.ts'
import { type Asked, refuse } from './request.ts'
import { clearTables } from './tables.ts'

/** Leads ports of this machine into the container: the capability `portMappings`. */
export const portmap: Plugin = {
  async add(asked) {
    if (!asked.prevResult) throw cniError(7, 'must be called as chained plugin', 'prevResult is missing')
    const ports = mappings(asked)
    if (ports.length > 0) await publish(asked, ports)
    return asked.prevResult
  },
  async del(asked) {
    await deleteTable(tableOf('ports', asked))
  },
  async check(asked) {
    if (!asked.prevResult) throw cniError(7, 'required prevResult missing')
    const table = tableOf('ports', asked)
    if (mappings(asked).length > 0 && !(await tableNames()).includes(table))
      throw cniError(999, 'port rules are gone', table)
  },
  async status() {
    await nft([{ list: { tables: { family: 'inet' } } }]).catch(error => {
      throw cniError(50, 'nftables is not to be had', (error as Error).message, error)
    })
  },
  async gc(asked) {
    await clearTables('ports', asked)
  },
}

async function publish(asked: Asked, ports: readonly Mapping[]): Promise<void> {
  const { config } = asked
  refuse(config, ['conditionsV4', 'conditionsV6'])
  const table = tableOf('ports', asked)
  const targets = await targetsOf(asked.prevResult!)
  const rules = portTable(table, targets, ports, { snat: config.snat !== false, masqAll: config.masqAll === true })
  // What leaves for a container from 127.0.0.1 is refused by the kernel otherwise; the table keeps others from coming that way.
  const local = targets.filter(({ address, link }) => config.snat !== false && link && !address.includes(':'))
  await applyPlan([
    ...local.map(
      ({ link }) => ({ change: 'setSysctl', key: `net/ipv4/conf/${link}/route_localnet`, value: '1' }) as const,
    ),
    { change: 'addTable', table, commands: rules },
  ])
}

/** The container's first address of each family, and the link of the host's that leads there. */
async function targetsOf({ interfaces = [], ips = [] }: CniResult): Promise<Target[]> {
  const inside = ips.filter(ip => ip.interface === undefined || interfaces[ip.interface]?.sandbox)
  const families = [false, true].map(six => inside.find(({ address }) => address.includes(':') === six))
  const [host] = await topology()
  return families.flatMap(ip => {
    if (!ip) return []
    const own = host!.addresses.find(one => one.address.split('/')[0] === ip.gateway)
    return [{ address: ip.address, link: own?.link }]
  })
}

function mappings({ config }: Asked): Mapping[] {
  const list = (config.runtimeConfig?.portMappings ?? []) as Partial<Mapping>[]
  return list.map(({ hostPort, containerPort, protocol = 'tcp', hostIP = '' }) => {
    const said = protocol.toLowerCase()
    if (said !== 'tcp' && said !== 'udp') throw cniError(2, 'unsupported field', `protocol: ${protocol}`)
    return {
      hostPort: port(hostPort, 'hostPort'),
      containerPort: port(containerPort, 'containerPort'),
      protocol: said,
      hostIP,
    }
  })
}

function port(value: unknown, key: string): number {
  if (Number.isInteger(value) && Number(value) > 0 && Number(value) < 65536) return Number(value)
  throw cniError(7, `invalid ${key}`, `want 1 to 65535, got ${JSON.stringify(value)}`)
}
