import { type Translation, translationsIn } from '../../network/nat.ts'
import type { Place } from '../../network/topology.ts'
import { flowchart, type MermaidEdge, type MermaidGroup, type MermaidNode } from './mermaid.ts'
import { inBoth, type Picture, type Say } from './picture.ts'

/** A link that a step wants to be there, and what it should have. */
export interface GoalLink {
  readonly netns?: string
  readonly name: string
  readonly addresses?: readonly string[]
  /** The bridge it is plugged into. */
  readonly master?: string
}

export interface NetworkGoal {
  readonly links: readonly GoalLink[]
  /** Pairs of link names that are the two ends of one veth. */
  readonly cables?: readonly (readonly [string, string])[]
}

interface Box {
  readonly id: string
  readonly netns?: string
  readonly name: string
  readonly facts: string[]
  readonly missing: string[]
  readonly there: boolean
}

/**
 * Bridges, cables, namespaces, addresses and routes as the kernel has them now; what the goal wants and is not there
 * is dashed and says "missing". Ports that lead into containers are shown where the rules were asked for.
 * ≙ ip -d link, ip addr, ip route, nft list ruleset, in every namespace
 */
export function networkPicture(places: readonly Place[], goal: NetworkGoal = { links: [] }): Picture {
  const boxes = places.flatMap(place => boxesOf(place, goal)).concat(absent(places, goal))
  const wires = wiresOf(places, boxes, goal)
  const all = [...new Set([undefined, ...places.map(it => it.netns), ...boxes.map(it => it.netns)])]
  return inBoth(say => {
    const groups: MermaidGroup[] = all
      .map((netns, i) => ({
        id: `place${i}`,
        label: nameOf(netns, say),
        nodes: [
          ...boxes.filter(box => box.netns === netns).map(box => node(box, say)),
          ...portsOf(places, netns).map(portNode),
        ],
      }))
      .filter(group => group.nodes.length > 0)
    const edges = [...wires.map(wire => edge(wire, say)), ...portEdges(places, boxes)]
    return {
      title: say({ en: 'The network as it is now', zh: '网络现在的样子' }),
      mermaid: flowchart('LR', [], edges, groups),
      text: [...places.flatMap(place => listed(place, boxes, say)), ...missingLines(boxes, wires, say)].join('\n'),
    }
  })
}

function boxesOf(place: Place, goal: NetworkGoal): Box[] {
  return place.links.map(link => {
    const wanted = goal.links.find(it => it.name === link.name && it.netns === place.netns)
    const addresses = place.addresses.filter(it => it.link === link.name).map(it => it.address)
    const missing = (wanted?.addresses ?? []).filter(address => !addresses.includes(address))
    const facts = [link.kind, link.up ? 'up' : 'down', ...addresses].filter(it => it !== undefined)
    return { id: idOf(place.netns, link.name), netns: place.netns, name: link.name, facts, missing, there: true }
  })
}

/** What the goal names and no place has. */
function absent(places: readonly Place[], goal: NetworkGoal): Box[] {
  return goal.links
    .filter(({ netns, name }) => !places.some(it => it.netns === netns && it.links.some(link => link.name === name)))
    .map(({ netns, name, addresses = [] }) => ({
      id: idOf(netns, name),
      netns,
      name,
      facts: [],
      missing: [...addresses],
      there: false,
    }))
}

function node({ id, name, facts, missing, there }: Box, say: Say): MermaidNode {
  const wanting = (what: string) => say({ en: `${what} (missing)`, zh: `${what}（缺少）` })
  const lines = [there ? name : wanting(name), ...facts, ...missing.map(wanting)]
  return { id, label: lines.join('\n'), look: there && missing.length === 0 ? undefined : 'missing' }
}

interface Wire {
  readonly from: Box
  readonly to: Box
  readonly kind: 'plug' | 'veth'
  readonly missing: boolean
}

/** Plugs in bridges and the two ends of veth pairs, those that are there and those only wanted. */
function wiresOf(places: readonly Place[], boxes: readonly Box[], goal: NetworkGoal): Wire[] {
  const find = (netns: string | undefined, name: string | undefined) =>
    boxes.find(box => box.netns === netns && box.name === name)
  const named = (name: string | undefined, not?: Box) => boxes.find(box => box.name === name && box !== not)
  const links = places.flatMap(({ netns, links }) => links.map(link => ({ ...link, box: find(netns, link.name) })))
  const wires = [
    ...links.map(({ box, master }) => wire(box, find(box?.netns, master), 'plug', false)),
    ...links.map(({ box, peer }) => wire(box, named(peer, box), 'veth', false)),
    ...goal.links.map(({ netns, name, master }) => wire(find(netns, name), find(netns, master), 'plug', true)),
    ...(goal.cables ?? []).map(([a, b]) => wire(named(a), named(b), 'veth', true)),
  ]
  return onceEach(wires.filter(it => it !== undefined))
}

function wire(from: Box | undefined, to: Box | undefined, kind: Wire['kind'], missing: boolean): Wire | undefined {
  return from && to && { from, to, kind, missing }
}

/** A pair is seen from both its ends; and what is there stands before what is wanted. */
function onceEach(wires: readonly Wire[]): Wire[] {
  const byEnds = new Map<string, Wire>()
  for (const it of wires) {
    const ends = [it.from.id, it.to.id].sort().join(' ')
    if (!byEnds.has(ends)) byEnds.set(ends, it)
  }
  return [...byEnds.values()]
}

function edge({ from, to, kind, missing }: Wire, say: Say): MermaidEdge {
  const label = kind === 'plug' ? say({ en: 'in', zh: '接入' }) : 'veth'
  if (missing)
    return {
      from: from.id,
      to: to.id,
      label: say({ en: `${label} (missing)`, zh: `${label}（缺少）` }),
      line: 'missing',
    }
  return { from: from.id, to: to.id, label, line: kind === 'plug' ? 'arrow' : 'cable' }
}

function portsOf(places: readonly Place[], netns: string | undefined): Translation[] {
  return places.filter(place => place.netns === netns).flatMap(({ rules = [] }) => translationsIn(rules))
}

function portNode(port: Translation): MermaidNode {
  return { id: portId(port), label: portWords(port) }
}

/** To whom the address belongs. */
function portEdges(places: readonly Place[], boxes: readonly Box[]): MermaidEdge[] {
  return places
    .flatMap(({ rules = [] }) => translationsIn(rules))
    .flatMap(port => {
      const owner = boxes.find(({ facts }) => facts.some(fact => fact.startsWith(`${port.address}/`)))
      return owner ? [{ from: portId(port), to: owner.id, label: `dnat :${port.containerPort}`, line: 'arrow' }] : []
    })
}

function portWords({ hostIp, hostPort, protocol }: Translation): string {
  return `${hostIp.includes(':') ? `[${hostIp}]` : hostIp}:${hostPort}/${protocol}`
}

function portId(port: Translation): string {
  return `p${Buffer.from(portWords(port)).toString('hex')}`
}

function listed(place: Place, boxes: readonly Box[], say: Say): string[] {
  const links = new Map(place.links.map(link => [link.name, link]))
  return [
    nameOf(place.netns, say),
    ...boxes
      .filter(box => box.netns === place.netns && box.there)
      .map(({ name, facts }) => {
        const link = links.get(name)
        const ties = [
          link?.master && say({ en: `in ${link.master}`, zh: `接在 ${link.master}` }),
          link?.peer && say({ en: `cable to ${link.peer}`, zh: `网线通往 ${link.peer}` }),
        ].filter(Boolean)
        return `  ${[name, ...facts, ...ties].join('  ')}`
      }),
    ...place.routes.map(
      ({ destination, gateway, link }) =>
        `  ${say({ en: 'route', zh: '路由' })} ${destination}${gateway ? ` via ${gateway}` : ''}${link ? ` dev ${link}` : ''}`,
    ),
    ...translationsIn(place.rules ?? []).map(
      port => `  ${say({ en: 'port', zh: '端口' })} ${portWords(port)} → ${port.address}:${port.containerPort}`,
    ),
  ]
}

function missingLines(boxes: readonly Box[], wires: readonly Wire[], say: Say): string[] {
  const absent = boxes.filter(box => !box.there)
  const wanted = wires.filter(wire => wire.missing)
  return [
    ...absent.map(({ name, netns }) => {
      const place = nameOf(netns, say)
      return say({ en: `missing: ${name} in ${place}`, zh: `缺少：${name}（${place}）` })
    }),
    ...boxes.flatMap(({ name, missing }) =>
      missing.map(address => say({ en: `missing: ${address} on ${name}`, zh: `缺少：${name} 上的 ${address}` })),
    ),
    ...wanted.map(({ from, to, kind }) => {
      const plug = { en: `missing: ${from.name} in ${to.name}`, zh: `缺少：${from.name} 接入 ${to.name}` }
      const cable = { en: `missing: ${from.name} ↔ ${to.name}`, zh: `缺少：${from.name} ↔ ${to.name}` }
      return say(kind === 'plug' ? plug : cable)
    }),
  ]
}

function nameOf(netns: string | undefined, say: Say): string {
  return netns === undefined ? say({ en: 'host', zh: '主机' }) : `netns ${netns.split('/').pop()}`
}

/** An id that mermaid takes: letters and digits only. */
function idOf(netns: string | undefined, name: string): string {
  return `n${Buffer.from(`${netns ?? ''}\0${name}`).toString('hex')}`
}
