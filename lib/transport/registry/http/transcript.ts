import { bytesOf, collect } from '../../../bytes/collect.ts'
import { type ErrorCode, isOciError, OciError, RegistryError } from '../../../errors.ts'
import { maskedBody, maskedHeaders, maskedUrl } from './mask.ts'
import { type HttpRequest, isWhole, response, type Send, type Wire } from './message.ts'

/** One request and its answer, as they passed over the wire; what is secret in them is masked. */
export interface Exchange {
  request: { method: HttpRequest['method']; url: string; headers: Record<string, string>; body?: Body }
  response: { status: number; headers: Record<string, string>; body?: Body }
  /** Why there was no answer: then the status is 0. */
  failure?: { code: ErrorCode; message: string }
}

/** Text is kept as text, other bytes as base64; of what is long, only how much it was. */
export type Body = { text: string } | { base64: string } | { omitted: number }

const LONG = 1 << 20

/** Records what passes, into `exchanges`; bodies up to `limit` bytes (1 MiB) are kept whole. Give `wire` to any operation. */
export function recording(limit = LONG): { exchanges: Exchange[]; wire: Wire } {
  const exchanges: Exchange[] = []
  const wire: Wire = send => async request => {
    const { method, url, headers = {}, body } = request
    const entry: Exchange = {
      request: { method, url: maskedUrl(url), headers: maskedHeaders(headers) },
      response: { status: 0, headers: {} },
    }
    exchanges.push(entry)
    const keep = (kept: Body | undefined) => void Object.assign(entry.request, kept && { body: kept })
    if (isWhole(body))
      keep(body === undefined ? undefined : bodyOf([Buffer.from(body)], Buffer.byteLength(body), limit))
    // What is kept must not be lent.
    const watched = { ...request, lend: false, body: isWhole(body) ? body : watch(body, limit, keep) }
    const answer = await send(watched).catch((error: unknown) => {
      if (isOciError(error)) entry.failure = { code: error.code, message: error.message }
      throw error
    })
    entry.response = { status: answer.status, headers: maskedHeaders(answer.headers) }
    const bytes = watch(answer.body, limit, kept => void Object.assign(entry.response, kept && { body: kept }))
    return response(answer.url, answer.status, answer.headers, bytes)
  }
  return { exchanges, wire }
}

/** Passes bytes on, and says in the end what they were. */
async function* watch(bytes: AsyncIterable<Uint8Array>, limit: number, done: (body: Body | undefined) => void) {
  let kept: Uint8Array[] = []
  let size = 0
  for await (const chunk of bytes) {
    size += chunk.length
    if (size <= limit) kept.push(chunk)
    else kept = []
    yield chunk
  }
  done(size === 0 ? undefined : bodyOf(kept, size, limit))
}

function bodyOf(chunks: Uint8Array[], size: number, limit: number): Body {
  if (size > limit) return { omitted: size }
  const bytes = Buffer.concat(chunks)
  const text = bytes.toString()
  return Buffer.from(text).equals(bytes) ? { text: maskedBody(text) } : { base64: bytes.toString('base64') }
}

/**
 * Answers from a record, without a network: each request gets the next recorded answer to the same method and address.
 * Throws `PROTOCOL` for one that was never made, `TOO_LARGE` for an answer too long to have been recorded.
 */
export function replaying(exchanges: readonly Exchange[]): Wire {
  const rest = [...exchanges]
  const send: Send = async request => {
    if (!isWhole(request.body)) await collect(request.body!)
    const url = maskedUrl(request.url)
    const index = rest.findIndex(({ request: { method, url: its } }) => method === request.method && its === url)
    if (index < 0)
      throw new OciError('PROTOCOL', `${request.method} ${url}: not in the transcript`, { where: url, got: url })
    const [{ response: recorded, failure }] = rest.splice(index, 1) as [Exchange]
    if (failure) throw new RegistryError(failure.code, failure.message, { where: url, errno: 'recorded' })
    return response(request.url, recorded.status, recorded.headers, bytesOf(bytesIn(recorded.body, url)))
  }
  return () => send
}

function bytesIn(body: Body | undefined, url: string): Uint8Array {
  if (body === undefined) return new Uint8Array()
  if ('text' in body) return Buffer.from(body.text)
  if ('base64' in body) return Buffer.from(body.base64, 'base64')
  throw new OciError('TOO_LARGE', `${url}: its ${body.omitted} bytes were too many for the transcript`, { where: url })
}

/** The exchange as a person reads it: request line, headers, status, headers. ≙ `curl -v` */
export function showExchange({ request, response: answer }: Exchange): string {
  const { pathname, search, host } = new URL(request.url)
  const lines = (headers: Record<string, string>, mark: string) =>
    Object.entries(headers).map(([name, value]) => `${mark} ${name}: ${value}`)
  return [
    `> ${request.method} ${pathname}${search}`,
    `> host: ${host}`,
    ...lines(request.headers, '>'),
    `< ${answer.status}`,
    ...lines(answer.headers, '<'),
  ].join('\n')
}
