import { readFileSync } from 'node:fs'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isSystemError, OciError } from '../../../errors.ts'
import { node } from '../http/node.ts'
import { createRegistry, type Registry, type RegistryOptions } from './registry.ts'

export interface ServerOptions extends RegistryOptions {
  /** A free one by default. */
  port?: number
  /** 127.0.0.1 by default: what is not asked for is not offered to the network. */
  address?: string
  /** The files of a certificate, with those that vouch for it, and its key; then it speaks https. */
  tls?: { certificate: string; key: string }
  /** How long a stop waits for what is being answered, in milliseconds. */
  patience?: number
}

export interface RunningRegistry extends Pick<Registry, 'service' | 'collectGarbage'> {
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  /** `127.0.0.1:PORT`, as it stands in a reference. */
  readonly host: string
  /** Takes no more requests, finishes those it has, and stops. */
  close(): Promise<void>
}

const LOOPBACK = '127.0.0.1'
// Who has not said what they want after so long will not: slow clients must not take all connections.
const HEADERS_PATIENCE = 20_000
// A connection on which nothing moves is dead. How long a whole upload takes is nobody's business.
const IDLE = 60_000
const PATIENCE = 10_000

/** Starts a registry, on the loopback address by default. ≙ `docker run -p 5000:5000 registry:2`. Throws `ADDRESS_IN_USE`, `CONFIG_INVALID`. */
export async function startRegistry(options: ServerOptions = {}): Promise<RunningRegistry> {
  const { address = LOOPBACK, port = 0, tls, patience = PATIENCE } = options
  const registry = createRegistry(options)
  const server = serverOf(tls)
  server.on('request', registry.handler)
  Object.assign(server, { headersTimeout: HEADERS_PATIENCE, requestTimeout: 0, timeout: IDLE, keepAliveTimeout: IDLE })
  try {
    await listen(server, port, address)
  } catch (error) {
    await registry.close()
    throw error
  }
  const host = `${address.includes(':') ? `[${address}]` : address}:${(server.address() as AddressInfo).port}`
  return {
    url: `${tls ? 'https' : 'http'}://${host}`,
    host,
    service: registry.service,
    collectGarbage: registry.collectGarbage,
    async close() {
      const closed = new Promise(resolve => server.close(resolve))
      server.closeIdleConnections()
      const cut = setTimeout(() => server.closeAllConnections(), patience)
      await registry.settled()
      // Answered is not yet sent: the last bytes may still be on their way.
      server.closeIdleConnections()
      await closed
      clearTimeout(cut)
      await registry.close()
    },
  }
}

function serverOf(tls: ServerOptions['tls']): Server {
  if (tls === undefined) return node.http.createServer()
  try {
    return node.https.createServer({
      cert: readFileSync(tls.certificate),
      key: readFileSync(tls.key),
    }) as unknown as Server
  } catch (error) {
    throw new OciError(
      'CONFIG_INVALID',
      `TLS with ${tls.certificate} and ${tls.key}: ${(error as Error).message}`,
      { want: 'a certificate and its key, as PEM' },
      { cause: error },
    )
  }
}

async function listen(server: Server, port: number, address: string): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, address, resolve))
  } catch (error) {
    if (!isSystemError(error, 'EADDRINUSE')) throw error
    throw new OciError(
      'ADDRESS_IN_USE',
      `${address}:${port}: taken by another program`,
      { want: port, hint: 'choose another --port' },
      { cause: error },
    )
  }
}
