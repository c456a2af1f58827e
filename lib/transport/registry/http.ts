import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, request } from 'undici'
import type { Bytes } from '../../bytes/bytes.ts'
import { OciError, RegistryError } from '../../errors.ts'
import { emit, type Options } from '../../events.ts'

/** One request; a body that can only be read once is not sent twice. */
export interface HttpRequest {
  method: 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  url: string
  headers?: Record<string, string>
  body?: Uint8Array | string | Bytes
}

export interface HttpResponse {
  status: number
  url: string
  header(name: string): string | undefined
  body: Bytes & { dump(): Promise<void> }
}

export type Send = (request: HttpRequest) => Promise<HttpResponse>

// A connection on which nothing moves for so long is dead, whatever TCP says.
const IDLE = 30_000
const TRIES = 4
const FIRST_WAIT = 200
const LONGEST_WAIT = 30_000
const REDIRECTS = 10

/** Sends requests with what every one of them needs: time-outs, careful redirects, and another try where that is safe. */
export function httpClient(options: Options & { insecure?: boolean }): { send: Send; close(): Promise<void> } {
  const agent = new Agent({
    headersTimeout: IDLE,
    bodyTimeout: IDLE,
    connect: { rejectUnauthorized: !options.insecure, timeout: 10_000 },
  })

  const once: Send = async ({ method, url, headers, body }) => {
    try {
      const answer = await request(url, {
        method,
        headers,
        body: body as never,
        dispatcher: agent,
        signal: options.signal,
      })
      emit(options, { type: 'http', method, url, status: answer.statusCode })
      const header = (name: string) => [answer.headers[name.toLowerCase()]].flat()[0]
      return { status: answer.statusCode, url, header, body: answer.body as unknown as HttpResponse['body'] }
    } catch (error) {
      options.signal?.throwIfAborted()
      // What went wrong while our own body was read keeps its name.
      if (error instanceof OciError) throw error
      throw unreachable(method, url, error)
    }
  }

  const patient: Send = async wanted => {
    const repeatable = wanted.body === undefined || typeof wanted.body === 'string' || wanted.body instanceof Uint8Array
    const safe = wanted.method === 'GET' || wanted.method === 'HEAD'
    for (let attempt = 1; ; attempt++) {
      const last = attempt === TRIES
      try {
        const answer = await once(wanted)
        const busy = answer.status === 429 ? repeatable : safe && answer.status >= 500
        if (!busy || last) return answer
        await answer.body.dump()
        await sleep(waitFor(answer.header('retry-after'), attempt), undefined, { signal: options.signal })
      } catch (error) {
        if (!safe || last || !isWorthAnother(error)) throw error
        await sleep(waitFor(undefined, attempt), undefined, { signal: options.signal })
      }
    }
  }

  return { send: wanted => followed(patient, wanted), close: () => agent.destroy() }
}

/** Follows redirects of what was only asked for. Credentials stay with the host they were given to. */
async function followed(send: Send, wanted: HttpRequest): Promise<HttpResponse> {
  let next = wanted
  for (let hops = 0; hops <= REDIRECTS; hops++) {
    const answer = await send(next)
    const location = answer.header('location')
    if (
      ![301, 302, 303, 307, 308].includes(answer.status) ||
      location === undefined ||
      !['GET', 'HEAD'].includes(next.method)
    )
      return answer
    await answer.body.dump()
    const url = new URL(location, next.url)
    if (url.protocol !== 'https:' && url.protocol !== 'http:')
      throw new RegistryError(
        'PROTOCOL',
        `${next.method} ${next.url}: redirected to ${url.protocol} (want http or https)`,
        { where: next.url, got: url.protocol },
      )
    const { authorization: _kept, ...others } = next.headers ?? {}
    const sameHost = url.host === new URL(next.url).host && url.protocol === new URL(next.url).protocol
    next = { ...next, url: url.href, headers: sameHost ? next.headers : others }
  }
  throw new RegistryError('PROTOCOL', `${wanted.method} ${wanted.url}: more than ${REDIRECTS} redirects`, {
    where: wanted.url,
    want: REDIRECTS,
  })
}

/** `Retry-After` in seconds or as a date; else twice as long as before. In milliseconds. */
export function waitFor(retryAfter: string | undefined, attempt: number): number {
  const asked =
    retryAfter === undefined
      ? undefined
      : /^\d+$/.test(retryAfter)
        ? Number(retryAfter) * 1000
        : Date.parse(retryAfter) - Date.now()
  const wait = asked === undefined || Number.isNaN(asked) ? FIRST_WAIT * 2 ** (attempt - 1) : asked
  return Math.min(Math.max(wait, 0), LONGEST_WAIT)
}

/** A broken connection may be whole the next time; a refused one or a bad certificate will not. */
function isWorthAnother(error: unknown): boolean {
  const code = (error as RegistryError).data?.errno
  return typeof code === 'string' && ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'ETIMEDOUT', 'EAI_AGAIN'].includes(code)
}

function unreachable(method: string, url: string, cause: unknown): RegistryError {
  const { code, message } = (cause instanceof AggregateError ? cause.errors[0] : cause) as NodeJS.ErrnoException
  return new RegistryError(
    'REGISTRY_UNREACHABLE',
    `${method} ${url}: no answer: ${code ?? ''} ${message}`.trim(),
    { method, url, errno: code },
    { cause },
  )
}
