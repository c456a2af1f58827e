import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { OciError } from '../../errors.ts'
import type { PublishedPort } from '../../network/nat.ts'

/** A port of the host that is ours, and handed on. */
export interface PortProxy {
  readonly hostPort: number
  close(): void
}

/** Where it is handed on to. */
export interface ProxyTarget {
  readonly address: string
  readonly port: number
}

const UDP_PATIENCE = 90_000

/**
 * Takes a port of the host, whatever the firewall does, and hands on what comes: for 127.0.0.1, which no rule can
 * translate, and where there are no rules. ≙ docker-proxy. Throws `ADDRESS_IN_USE`, in Docker's words.
 */
export async function openProxy(at: Omit<PublishedPort, 'containerPort'>, to: ProxyTarget): Promise<PortProxy> {
  try {
    return await (at.protocol === 'tcp' ? tcpProxy(at, to) : udpProxy(at, to))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const where = `${at.hostIp.includes(':') ? `[${at.hostIp}]` : at.hostIp}:${at.hostPort}`
    if (code === 'EADDRINUSE')
      throw new OciError(
        'ADDRESS_IN_USE',
        `Bind for ${where} failed: port is already allocated`,
        { got: where },
        { cause: error },
      )
    if (code === 'EADDRNOTAVAIL')
      throw new OciError(
        'ADDRESS_IN_USE',
        `Bind for ${where} failed: cannot assign requested address`,
        { got: where },
        { cause: error },
      )
    throw error
  }
}

async function tcpProxy(
  { hostIp, hostPort }: Omit<PublishedPort, 'containerPort'>,
  to: ProxyTarget,
): Promise<PortProxy> {
  const open = new Set<Socket>()
  // Each side may end its half: the other may still have something to say.
  const server = createServer({ allowHalfOpen: true }, client => {
    const inside = connect({ host: to.address, port: to.port, allowHalfOpen: true })
    for (const [from, into] of [
      [client, inside],
      [inside, client],
    ] as const) {
      open.add(from)
      from.pipe(into)
      from.on('error', () => into.destroy())
      from.on('close', () => open.delete(from))
    }
  })
  server.listen({ host: hostIp, port: hostPort, ipv6Only: hostIp.includes(':'), exclusive: true })
  await once(server, 'listening')
  return {
    hostPort: portOf(server),
    close() {
      server.close()
      for (const socket of open) socket.destroy()
    },
  }
}

/** Each client gets a socket of its own, by which the answers are known as his. */
async function udpProxy(
  { hostIp, hostPort }: Omit<PublishedPort, 'containerPort'>,
  to: ProxyTarget,
): Promise<PortProxy> {
  const six = hostIp.includes(':')
  const server = createSocket({ type: six ? 'udp6' : 'udp4', ipv6Only: six })
  const clients = new Map<string, { socket: UdpSocket; timer: NodeJS.Timeout }>()
  const clientOf = (from: RemoteInfo) => {
    const key = `${from.address} ${from.port}`
    const known = clients.get(key)
    if (known) return known
    const socket = createSocket(to.address.includes(':') ? 'udp6' : 'udp4')
    const timer = setTimeout(() => forget(key), UDP_PATIENCE).unref()
    socket.on('message', answer => server.send(answer, from.port, from.address))
    // Nobody listens inside: the client hears as little as it would without us.
    socket.on('error', () => forget(key))
    const client = { socket, timer }
    clients.set(key, client)
    return client
  }
  const forget = (key: string) => {
    const client = clients.get(key)
    if (client) clearTimeout(client.timer)
    client?.socket.close()
    clients.delete(key)
  }
  server.on('message', (message, from) => {
    const { socket, timer } = clientOf(from)
    timer.refresh()
    socket.send(message, to.port, to.address)
  })
  server.bind({ address: hostIp, port: hostPort, exclusive: true })
  await once(server, 'listening')
  server.on('error', () => {})
  return {
    hostPort: server.address().port,
    close() {
      server.close()
      for (const key of [...clients.keys()]) forget(key)
    },
  }
}

function portOf(server: Server): number {
  const address = server.address()
  if (typeof address === 'object' && address) return address.port
  throw new OciError('PROTOCOL', 'a server that listens has no port')
}
