import type { NetworkNames } from './names.ts'
import { masqueradeTable } from './nat.ts'
import type { NetworkStep } from './step.ts'
import { readSysctl } from './sysctl.ts'

/** What a bridge needs beside itself for its containers to reach the world. `guarded`: another firewall must be told. */
export function outboundPlan(names: NetworkNames, guarded = false): NetworkStep[] {
  const { bridge, subnet, subnet6, table, outbound } = names
  if (!outbound) return []
  const subnets = [subnet, ...(subnet6 === undefined ? [] : [subnet6])]
  return [
    // CVE-2020-10749: a container must not pass for the host's router.
    { change: 'setSysctl', key: `net/ipv6/conf/${bridge}/accept_ra`, value: '0', ifThere: true },
    { change: 'addTable', table, commands: masqueradeTable(table, bridge, subnets) },
    ...(guarded ? [{ change: 'allowForward', bridge } as const] : []),
  ]
}

const FORWARDING = { ipv4: 'net/ipv4/ip_forward', ipv6: 'net/ipv6/conf/all/forwarding' } as const

/** Which of the families a network has are not handed on from link to link on this host: nothing here switches that on unasked. */
export async function forwardingOff({ subnet6 }: NetworkNames, netns?: string): Promise<('ipv4' | 'ipv6')[]> {
  const families = subnet6 === undefined ? (['ipv4'] as const) : (['ipv4', 'ipv6'] as const)
  const values = await Promise.all(families.map(family => readSysctl(FORWARDING[family], netns)))
  return families.filter((_, index) => values[index] === '0')
}

/** Switches it on, as `ocilab reset` can take back: for {@link applyPlan}. */
export function forwardingPlan(families: readonly ('ipv4' | 'ipv6')[]): NetworkStep[] {
  return families.map(family => ({ change: 'setSysctl', key: FORWARDING[family], value: '1', was: '0' }))
}
