import { isOciError, isSystemError } from '../../errors.ts'
import { emit, type Options, say } from '../../events.ts'
import { type PublishedPort, publishTable } from '../../network/nat.ts'
import { nft, nftLine } from '../../network/nft.ts'
import { forwardingOff } from '../../network/outbound.ts'
import type { PortRequest } from './ports.ts'
import { openProxy, type PortProxy } from './proxy.ts'
import type { ContainerRecord, Wiring } from './record.ts'
import { ownTable, type Warn } from './wire.ts'

/** The host's ports of a container, while they lead to it. */
export interface Publication {
  readonly published: readonly PublishedPort[]
  close(): void
}

/**
 * Takes the ports of the host that are asked for, and leads them into the container: by rules of nftables, which the
 * kernel follows by itself, and by a proxy in this program for what no rule can do (127.0.0.1), or where there are none.
 * Throws `ADDRESS_IN_USE`.
 */
export async function publish(
  record: ContainerRecord,
  wiring: Wiring,
  warn: Warn,
  options: Options = {},
): Promise<Publication> {
  const [end] = wiring.endpoints
  if (record.ports.length === 0) return { published: [], close() {} }
  if (!end) {
    warn('Published ports are discarded when using host network mode, or no network')
    return { published: [], close() {} }
  }
  const proxies: PortProxy[] = []
  const close = () => {
    for (const proxy of proxies) proxy.close()
  }
  try {
    const published: PublishedPort[] = []
    for (const port of record.ports) published.push(...(await take(port, end.address, proxies)))
    await translate(record, wiring, published, warn, options)
    return { published, close }
  } catch (error) {
    close()
    throw error
  }
}

/** A port of the host on every address it is asked for at. */
async function take(request: PortRequest, address: string, proxies: PortProxy[]): Promise<PublishedPort[]> {
  const { protocol, containerPort, hostIp } = request
  const to = { address, port: containerPort }
  for (let [hostPort, last] = request.hostPorts; ; hostPort++)
    try {
      const first = await openProxy({ protocol, hostIp: hostIp ?? '0.0.0.0', hostPort }, to)
      proxies.push(first)
      const port = { protocol, hostPort: first.hostPort, containerPort }
      if (hostIp !== undefined) return [{ ...port, hostIp }]
      const six = await alsoSix(port, to)
      if (six) proxies.push(six)
      return [{ ...port, hostIp: '0.0.0.0' }, ...(six ? [{ ...port, hostIp: '::' }] : [])]
    } catch (error) {
      if (!isOciError(error, 'ADDRESS_IN_USE') || hostPort >= last) throw error
    }
}

// A kernel without IPv6 has no such addresses.
async function alsoSix(port: Omit<PublishedPort, 'hostIp'>, to: { address: string; port: number }) {
  try {
    return await openProxy({ ...port, hostIp: '::' }, to)
  } catch (error) {
    if (isSystemError(error, 'EAFNOSUPPORT')) return undefined
    throw error
  }
}

/** Without forwarding a translated packet would not get through, and without nft there is no translation: the proxy does it all. */
async function translate(
  record: ContainerRecord,
  { endpoints: [end] }: Wiring,
  published: readonly PublishedPort[],
  warn: Warn,
  options: Options,
): Promise<void> {
  const off = end ? await forwardingOff(end.names) : []
  const ports = published.filter(({ hostIp }) => !off.includes(hostIp.includes(':') ? 'ipv6' : 'ipv4'))
  if (!end || ports.length === 0) return
  const table = ownTable(record)
  const { address, address6, names } = end
  const commands = publishTable(table, { bridge: names.bridge, address, address6 }, ports)
  say(options, nftLine(commands))
  emit(options, { type: 'change', undo: { kind: 'nft', table } })
  try {
    await nft(commands)
  } catch (error) {
    if (!isOciError(error, 'TOOL_MISSING')) throw error
    warn(`${error.message}: published ports are handed on by a program`)
  }
}
