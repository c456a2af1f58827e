import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Bytes } from '../../../bytes/bytes.ts'
import { isOciError, RegistryError } from '../../../errors.ts'
import { emit, type Options } from '../../../events.ts'
import type { Connections } from './connections.ts'
import type { Lending } from './lending.ts'
import { type HttpBody, type HttpRequest, type HttpResponse, isWhole, type Send } from './message.ts'
import { node } from './node.ts'
import { type Pulse, pulse } from './pulse.ts'

/** Sends one request over the network, as it is, and gives the answer as soon as its headers are there. */
export function exchange(connections: Connections, idle: number, options: Options): Send {
  return async wanted => {
    const { method, url, body } = wanted
    options.signal?.throwIfAborted()
    const beat = pulse(idle)
    const { request, answered, lent } = begin(wanted, connections, options, beat)
    const sent = isWhole(body) ? void request.end(body) : feed(request, body, beat)
    try {
      const { answer, isLent } = await Promise.race([answered, failureOf(sent)])
      emit(options, { type: 'http', method, url, status: answer.statusCode ?? 0 })
      return responseOf(wanted, answer, { request, beat, lent: isLent ? lent : undefined, signal: options.signal })
    } catch (error) {
      beat.stop()
      request.destroy()
      options.signal?.throwIfAborted()
      // What went wrong while our own body was read keeps its name.
      if (isOciError(error)) throw error
      throw unreachable(`${method} ${url}`, error)
    }
  }
}

function begin({ url, method, headers, lend }: HttpRequest, connections: Connections, options: Options, beat: Pulse) {
  const address = new URL(url)
  const { agent, lent } = lend
    ? connections.lendingAgentFor(address)
    : { agent: connections.agentFor(address), lent: undefined }
  const { request: send } = address.protocol === 'https:' ? node.https : node.http
  const request = send(address, { method, headers, agent, signal: options.signal })
  beat.start(() => request.destroy(new StalledError()))
  // 100 Continue and its kin are signs of life.
  request.on('information', () => beat.moved(Number.POSITIVE_INFINITY))
  const answered = new Promise<{ answer: IncomingMessage; isLent: boolean }>((resolve, reject) => {
    request.once('response', answer => resolve({ answer, isLent: lent?.take(answer) ?? false }))
    request.on('error', reject)
  })
  return { request, answered, lent }
}

/** Sends a body piece by piece; a server that answers before the end has heard enough. */
async function feed(request: ClientRequest, body: Bytes, beat: Pulse): Promise<void> {
  let enough = false
  const end = () => {
    enough = true
  }
  request.once('response', end).once('close', end)
  const write = async (chunk: Uint8Array) => {
    beat.rest(false)
    await taken(request, chunk)
    beat.moved(chunk.length)
    beat.rest(true)
  }
  let writing: Promise<void> = Promise.resolve()
  beat.rest(true)
  // The next chunk is read while this one is on its way.
  for await (const chunk of body) {
    await writing
    if (enough) return
    writing = write(chunk)
  }
  await writing
  beat.rest(false)
  request.end()
}

/** Waits until the kernel has a chunk: its memory may be lent. Or until nobody wants it any more. */
function taken(request: ClientRequest, chunk: Uint8Array): Promise<void> {
  return new Promise(resolve => {
    const done = () => {
      request.off('response', done).off('close', done)
      resolve()
    }
    request.once('response', done).once('close', done)
    request.write(chunk, done)
  })
}

/** Never resolves: only a body that cannot be read is of interest before the answer. */
function failureOf(sent: Promise<void> | undefined): Promise<never> {
  return new Promise((_resolve, reject) => sent?.catch(reject))
}

/** What a body needs of the exchange it is the end of. */
interface Underway {
  request: ClientRequest
  beat: Pulse
  /** Who reads the body instead of node:http. */
  lent: Lending | undefined
  signal: AbortSignal | undefined
}

function responseOf({ method, url }: HttpRequest, answer: IncomingMessage, underway: Underway): HttpResponse {
  underway.beat.moved(Number.POSITIVE_INFINITY)
  const headers = headersOf(answer)
  return {
    url,
    status: answer.statusCode ?? 0,
    headers,
    header: name => headers[name.toLowerCase()],
    body: bodyOf(`${method} ${url}`, answer, underway),
  }
}

function headersOf(answer: IncomingMessage): Record<string, string> {
  const all = Object.entries(answer.headersDistinct)
  return Object.fromEntries(all.map(([name, values]) => [name, values!.join(', ')]))
}

// More of a body nobody wants is not worth waiting for: then the connection goes with it.
const DUMP_LIMIT = 64 << 10

function bodyOf(where: string, answer: IncomingMessage, { request, beat, lent, signal }: Underway): HttpBody {
  // An error before anybody reads must not end the process; whoever reads gets it.
  answer.on('error', () => {})
  async function* read(): Bytes {
    try {
      for await (const chunk of lent ? lent.body(answer) : answer) {
        beat.moved(chunk.length)
        beat.rest(true)
        yield chunk
        beat.rest(false)
      }
      if (!answer.complete && !lent) throw new Error('the connection ended before the answer did')
    } catch (error) {
      signal?.throwIfAborted()
      // Node says only that the connection is gone, not who ended it.
      throw unreachable(where, beat.isDead ? new StalledError() : error)
    } finally {
      beat.stop()
      answer.destroy()
      // Answered before all was said: the rest must not go into the next request's connection. What was lent is read off
      // a connection of its own.
      if (!request.writableEnded || lent) request.destroy()
    }
  }
  const bytes = read()
  return Object.assign(bytes, {
    async dump() {
      let size = 0
      for await (const chunk of bytes) {
        size += chunk.length
        if (size > DUMP_LIMIT) break
      }
    },
  })
}

class StalledError extends Error {
  readonly code = 'ETIMEDOUT'

  constructor() {
    super('nothing has moved for too long')
  }
}

function unreachable(where: string, cause: unknown): RegistryError {
  const first = cause instanceof AggregateError && cause.errors.length > 0 ? cause.errors[0] : cause
  const { code, message } = first as NodeJS.ErrnoException
  const data = { where, errno: code }
  if (first instanceof StalledError) return new RegistryError('TIMEOUT', `${where}: ${message}`, data, { cause })
  // llhttp's own codes: what came is not HTTP, or too much of it.
  if (code?.startsWith('HPE_'))
    return new RegistryError('PROTOCOL', `${where}: not an HTTP answer: ${message}`, data, { cause })
  const what = message.includes(code ?? '') ? message : `${code} ${message}`
  return new RegistryError('REGISTRY_UNREACHABLE', `${where}: no answer: ${what}`, data, { cause })
}
