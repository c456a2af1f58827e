import { isOciError, OciError } from '../../errors.ts'
import { emit, type Options } from '../../events.ts'
import type { Endpoint } from '../../network/attach.ts'
import { labNames, labTag, type NetworkNames } from '../../network/names.ts'
import { addNetns, deleteNetns, isNetns, netnsPath } from '../../network/netns.ts'
import { joinNetwork, leaveNetwork } from '../../network/network.ts'
import { deleteTable } from '../../network/nft.ts'
import { forwardingOff, forwardingPlan } from '../../network/outbound.ts'
import { applyPlan } from '../../network/plan.ts'
import { deleteLink } from '../../network/undo.ts'
import { loadState } from '../../runtime/container/state.ts'
import { hasNetwork, namedNetwork } from './networks.ts'
import { type ContainerRecord, shortId, type WiredEndpoint, type Wiring } from './record.ts'
import { statusOf } from './status.ts'
import { findRecord, type Home } from './store.ts'

/** What a person is told while a container starts, and the start goes on. */
export type Warn = (message: string) => void

/** The path of a container's own network namespace, by which everything else joins it. */
export function ownNetns(record: ContainerRecord): string {
  return netnsPath(`runc-${labTag(record.lab)}.${shortId(record)}`)
}

/** The nftables table with its published ports. */
export function ownTable(record: ContainerRecord): string {
  return `${labNames(record.lab).table}_${shortId(record)}`
}

/**
 * Makes what `--network` asks for: a namespace with a plug in each network, the host's, none but `lo`, or another
 * container's. Each change is told before it is made; what was made before one failed is left to {@link unwire}.
 */
export async function wire(home: Home, record: ContainerRecord, warn: Warn, options: Options = {}): Promise<Wiring> {
  const [mode = 'bridge'] = record.networks
  const wiring: Wiring = { endpoints: [], published: [] }
  if (mode === 'host' || mode === 'none') return wiring
  if (mode.startsWith('container:')) return { ...wiring, netns: netnsOf(home, mode.slice('container:'.length)) }
  const netns = ownNetns(record)
  emit(options, { type: 'change', undo: { kind: 'netns', path: netns } })
  await addNetns(netns)
  for (const [index, network] of record.networks.entries()) {
    const names = namedNetwork(home, network)
    const link = `eth${index}`
    const end = await join(names, netns, link, warn, options)
    const { hostLink, address, address6, gateway } = end
    wiring.endpoints.push({ network, names, link, hostLink, address, address6, gateway })
    await lookAtForwarding(names, record, warn, options)
  }
  return { ...wiring, netns, own: true }
}

/** Takes away what {@link wire} made; what is gone is fine, and so is doing it twice. */
export async function unwire(home: Home, record: ContainerRecord, options: Options = {}): Promise<void> {
  const [mode = 'bridge'] = record.networks
  if (/^(host|none|container:.*)$/.test(mode)) return
  const netns = ownNetns(record)
  await deleteTable(ownTable(record))
  emit(options, { type: 'undone', undo: { kind: 'nft', table: ownTable(record) } })
  for (const [index, network] of record.networks.entries()) {
    // From inside: the name of the end on the host may long be another's. Deleting one end deletes both.
    if (isNetns(netns)) await deleteLink(`eth${index}`, netns)
    if (hasNetwork(home, network)) await leaveNetwork(namedNetwork(home, network), options)
  }
  for (const { hostLink } of record.wiring?.endpoints ?? [])
    emit(options, { type: 'undone', undo: { kind: 'link', name: hostLink } })
  await deleteNetns(netns)
  emit(options, { type: 'undone', undo: { kind: 'netns', path: netns } })
}

/** Without nft a container reaches its host and its neighbours, no further. */
async function join(names: NetworkNames, netns: string, link: string, warn: Warn, options: Options): Promise<Endpoint> {
  try {
    return await joinNetwork(names, netns, { link }, options)
  } catch (error) {
    if (!isOciError(error, 'TOOL_MISSING')) throw error
    warn(`${error.message}: the container reaches this host, and nothing beyond it`)
    return joinNetwork({ ...names, outbound: false }, netns, { link }, options)
  }
}

// That the host hands packets on concerns everything on it: it is said, and only done when it was asked for.
async function lookAtForwarding(
  names: NetworkNames,
  { forward }: ContainerRecord,
  warn: Warn,
  options: Options,
): Promise<void> {
  const off = await forwardingOff(names)
  if (off.length === 0) return
  if (forward) return applyPlan(forwardingPlan(off), options)
  const what = off.map(family => (family === 'ipv4' ? 'IPv4' : 'IPv6')).join(' and ')
  warn(`${what} forwarding is disabled. Networking will not work beyond this host (--ip-forward switches it on)`)
}

/** The namespace of a container that runs. Throws `CONTAINER_WRONG_STATUS`, in Docker's words. */
function netnsOf(home: Home, reference: string): string {
  const other = findRecord(home, reference)
  if (statusOf(home, other).status !== 'running')
    throw new OciError('CONTAINER_WRONG_STATUS', `cannot join network of a non running container: ${other.id}`, {
      got: reference,
    })
  return other.wiring?.netns ?? `/proc/${loadState(home.runtimeRoot, other.id).pid}/ns/net`
}

export function addressesOf(endpoints: readonly WiredEndpoint[]): string[] {
  return endpoints.flatMap(({ address, address6 }) => [address, ...(address6 === undefined ? [] : [address6])])
}
