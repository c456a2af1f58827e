import { setTimeout as sleep } from 'node:timers/promises'
import { isOciError } from '../../../errors.ts'
import type { Options } from '../../../events.ts'
import { type HttpRequest, type HttpResponse, isWhole, type Send } from './message.ts'

const TRIES = 4
const FIRST_WAIT = 100
const LONGEST_WAIT = 30_000

/** Another try, after a while, where that is safe: what only asks, and what does the same when it is done twice. */
export function retrying(send: Send, { signal }: Options): Send {
  return async wanted => {
    for (let attempt = 1; ; attempt++) {
      const isLast = attempt === TRIES
      try {
        const answer = await send(wanted)
        if (isLast || !mayRepeat(wanted, answer)) return answer
        await answer.body.dump().catch(() => undefined)
        await sleep(waitFor(answer.header('retry-after'), attempt), undefined, { signal })
      } catch (error) {
        if (isLast || !isSafe(wanted) || !isPassing(error)) throw error
        await sleep(waitFor(undefined, attempt), undefined, { signal })
      }
    }
  }
}

function isSafe({ method, body, repeatable }: HttpRequest): boolean {
  return (repeatable ?? (method === 'GET' || method === 'HEAD')) && isWhole(body)
}

/** 429 says that nothing was done; after a 5xx nobody knows. 501 and 505 will be the same the next time. */
function mayRepeat(wanted: HttpRequest, { status }: HttpResponse): boolean {
  if (status === 429) return isWhole(wanted.body)
  return [500, 502, 503, 504].includes(status) && isSafe(wanted)
}

const PASSING = ['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN']

/** A broken connection may be whole the next time; a refused one, a bad name or a bad certificate will not. */
export function isPassing(error: unknown): boolean {
  if (isOciError(error, 'TIMEOUT')) return true
  if (!isOciError(error, 'REGISTRY_UNREACHABLE')) return false
  const { errno } = error.data
  // Without a code: the answer ended before its end.
  return errno === undefined || PASSING.includes(String(errno))
}

/** `Retry-After` in seconds or as a date (RFC 9110 § 10.2.3); else twice as long as before. In milliseconds. */
export function waitFor(retryAfter: string | undefined, attempt: number, now = Date.now()): number {
  const asked =
    retryAfter === undefined
      ? Number.NaN
      : /^\d+$/.test(retryAfter)
        ? Number(retryAfter) * 1000
        : Date.parse(retryAfter) - now
  const wait = Number.isNaN(asked) ? FIRST_WAIT * 2 ** (attempt - 1) : asked
  return Math.min(Math.max(wait, 0), LONGEST_WAIT)
}
