import type { Options } from '../../../events.ts'
import { type ConnectionOptions, connections } from './connections.ts'
import { exchange } from './exchange.ts'
import type { Send, Wire } from './message.ts'
import { following } from './redirects.ts'
import { retrying } from './retry.ts'

export interface HttpOptions extends Options, ConnectionOptions {
  /** So long, in milliseconds, may nothing move before a connection counts as dead; a minute by default. */
  idle?: number
  /** Stands between this client and the network, to record what passes, or to give recorded answers. */
  wire?: Wire
}

const IDLE = 60_000

/** Sends requests with what every one of them needs: time-outs, careful redirects, and another try where that is safe. */
export function httpClient(options: HttpOptions): { send: Send; close(): void } {
  const pool = connections(options)
  const direct = exchange(pool, options.idle ?? IDLE, options)
  const wired = options.wire ? options.wire(direct) : direct
  return { send: following(retrying(wired, options), options), close: () => pool.close() }
}
