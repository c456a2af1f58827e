import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type RunningRegistry, type ServerOptions, startRegistry } from './server/server.ts'

/** One answer of a registry, as it would have been: a fault sends something else, or this in another way. */
export interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: Buffer
}

/** What goes wrong with one request. `healthy` asks the real registry. */
export type Fault = (it: {
  request: IncomingMessage
  response: ServerResponse
  healthy: () => Promise<Answer>
  /** How often this fault has struck before. */
  count: number
}) => unknown

export interface FaultyRegistry {
  readonly host: string
  readonly real: RunningRegistry
  /** `GET /v2/a/blobs/…` and the rest, in the order they came. */
  readonly seen: IncomingMessage[]
  /** From now on, requests to which `on` matches go wrong, so many times. */
  break(on: RegExp, fault: Fault, times?: number): void
  heal(): void
  close(): Promise<void>
}

/** A registry of our own behind a line that can be made to do anything a line, a proxy or a bad registry does. */
export async function startFaultyRegistry(options: ServerOptions = {}): Promise<FaultyRegistry> {
  const real = await startRegistry(options)
  const seen: IncomingMessage[] = []
  let current: { on: RegExp; fault: Fault; left: number; count: number } | undefined
  const server = createServer({ requestTimeout: 0 }, (incoming, response) => {
    seen.push(incoming)
    const healthy = () => ask(real.url, incoming)
    const strikes = current && current.left > 0 && current.on.test(`${incoming.method} ${incoming.url}`)
    if (!current || !strikes)
      return void healthy().then(
        answer => sendWhole(response, answer),
        () => response.destroy(),
      )
    current.left--
    current.fault({ request: incoming, response, healthy, count: current.count++ })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    real,
    seen,
    break(on, fault, times = 1) {
      seen.length = 0
      current = { on, fault, left: times, count: 0 }
    },
    heal() {
      current = undefined
    },
    async close() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
      await real.close()
    },
  }
}

export function sendWhole(response: ServerResponse, { status, headers, body }: Answer): void {
  const given = Object.entries(headers).filter(([, value]) => value !== undefined)
  response.writeHead(status, Object.fromEntries(given)).end(body)
}

/** Passes a request on, and takes the answer whole: what is tested is small. */
function ask(url: string, incoming: IncomingMessage): Promise<Answer> {
  // With its Host: the real registry sends for tokens to where it was asked.
  const { connection: _connection, ...headers } = incoming.headers
  return new Promise((resolve, reject) => {
    const out = request(url + incoming.url, { method: incoming.method, headers }, answer => {
      const chunks: Buffer[] = []
      answer.on('data', chunk => chunks.push(chunk))
      answer.on('error', reject)
      answer.on('end', () => {
        const { connection: _gone, 'keep-alive': _too, ...others } = answer.headers
        resolve({ status: answer.statusCode ?? 0, headers: others, body: Buffer.concat(chunks) })
      })
    })
    out.on('error', reject)
    incoming.pipe(out)
  })
}
