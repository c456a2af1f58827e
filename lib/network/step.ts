import type { Undo } from '../events.ts'
import { netnsName } from './netns.ts'
import { type NftCommand, nftLine } from './nft.ts'

/**
 * One change to the network, as data. `netns` is the path of the namespace it happens in; without one it happens on the
 * host. A setting that `was` nothing goes with the link or namespace it is of.
 */
export type NetworkStep =
  | { readonly change: 'addBridge'; readonly bridge: string }
  | { readonly change: 'setUp'; readonly link: string; readonly netns?: string }
  | { readonly change: 'addAddress'; readonly address: string; readonly link: string; readonly netns?: string }
  | { readonly change: 'addVeth'; readonly link: string; readonly peer: string; readonly peerNetns?: string }
  | { readonly change: 'plugIn'; readonly bridge: string; readonly link: string }
  | { readonly change: 'addNetns'; readonly netns: string }
  | { readonly change: 'moveIn'; readonly link: string; readonly netns: string }
  | { readonly change: 'rename'; readonly link: string; readonly to: string; readonly netns?: string }
  | { readonly change: 'addRoute'; readonly destination: string; readonly gateway: string; readonly netns?: string }
  | { readonly change: 'setMac'; readonly link: string; readonly mac: string; readonly netns?: string }
  | { readonly change: 'setHairpin'; readonly link: string }
  | { readonly change: 'setMtu'; readonly link: string; readonly mtu: number; readonly netns?: string }
  | { readonly change: 'addTable'; readonly table: string; readonly commands: readonly NftCommand[] }
  | {
      readonly change: 'setSysctl'
      readonly key: string
      readonly value: string
      readonly was?: string
      /** Where there is no such setting, none is needed: a kernel without IPv6, a link too short for it. */
      readonly ifThere?: boolean
      readonly netns?: string
    }
  | { readonly change: 'allowForward'; readonly bridge: string }

/** The line of brctl(8) or ip(8) that does the same. */
export function commandLine(step: NetworkStep): string {
  switch (step.change) {
    case 'addBridge':
      return `brctl addbr ${step.bridge}`
    case 'setUp':
      return `${inside(step.netns)}ip link set ${step.link} up`
    case 'addAddress':
      return `${inside(step.netns)}ip addr add ${step.address} dev ${step.link}${step.address.includes(':') ? ' nodad' : ''}`
    case 'addVeth':
      return `ip link add name ${step.link} type veth peer name ${step.peer}${born(step.peerNetns)}`
    case 'plugIn':
      return `brctl addif ${step.bridge} ${step.link}`
    case 'addNetns':
      return `ip netns add ${netnsName(step.netns) ?? step.netns}`
    case 'moveIn':
      return `ip link set ${step.link} netns ${netnsName(step.netns) ?? step.netns}`
    case 'rename':
      return `${inside(step.netns)}ip link set ${step.link} name ${step.to}`
    case 'addRoute':
      return `${inside(step.netns)}ip${six(step.gateway)} route add ${step.destination} via ${step.gateway}`
    case 'setMac':
      return `${inside(step.netns)}ip link set ${step.link} address ${step.mac}`
    case 'setHairpin':
      return `bridge link set dev ${step.link} hairpin on`
    case 'setMtu':
      return `${inside(step.netns)}ip link set ${step.link} mtu ${step.mtu}`
    case 'addTable':
      return nftLine(step.commands)
    case 'setSysctl':
      return `${inside(step.netns)}sysctl -w ${step.key}=${step.value}`
    case 'allowForward':
      return `iptables -I DOCKER-USER -i ${step.bridge} -j ACCEPT && iptables -I DOCKER-USER -o ${step.bridge} -j ACCEPT`
  }
}

/** How a step is taken back; what happens to a link or in a namespace goes with it. `host` is where the host's side of the plan is. */
export function undoOf(step: NetworkStep, host?: string): Undo | undefined {
  const place = host === undefined ? {} : { netns: host }
  switch (step.change) {
    case 'addBridge':
      return { kind: 'link', name: step.bridge, ...place }
    case 'addVeth':
      return { kind: 'link', name: step.link, ...place }
    case 'addNetns':
      return { kind: 'netns', path: step.netns }
    case 'addTable':
      return { kind: 'nft', table: step.table, ...place }
    case 'setSysctl':
      return step.was === undefined ? undefined : { kind: 'sysctl', key: step.key, value: step.was, ...place }
    case 'allowForward':
      return { kind: 'forward', bridge: step.bridge, ...place }
    default:
      return undefined
  }
}

function six(gateway: string): string {
  return gateway.includes(':') ? ' -6' : ''
}

function born(netns?: string): string {
  return netns === undefined ? '' : ` netns ${netnsName(netns) ?? netns}`
}

function inside(netns?: string): string {
  if (netns === undefined) return ''
  const name = netnsName(netns)
  return name === undefined ? `nsenter --net=${netns} ` : `ip netns exec ${name} `
}
