import { RegistryError } from '../../../errors.ts'
import type { HttpRequest, Send } from './message.ts'

const REDIRECTS = [301, 302, 303, 307, 308]
const HOPS = 10

/** Follows redirects of what was only asked for. What says who we are stays with the host it was meant for. */
export function following(send: Send, { insecure = false }: { insecure?: boolean } = {}): Send {
  return async wanted => {
    let next = wanted
    for (let hops = 0; hops <= HOPS; hops++) {
      const answer = await send(next)
      const location = answer.header('location')
      const asks = next.method === 'GET' || next.method === 'HEAD'
      if (!REDIRECTS.includes(answer.status) || location === undefined || !asks) return answer
      await answer.body.dump()
      next = redirected(next, location, insecure)
    }
    throw new RegistryError('PROTOCOL', `${wanted.method} ${wanted.url}: more than ${HOPS} redirects`, {
      where: wanted.url,
      want: HOPS,
    })
  }
}

function redirected(request: HttpRequest, location: string, insecure: boolean): HttpRequest {
  const from = new URL(request.url)
  const to = URL.parse(location, request.url)
  const where = `${request.method} ${request.url}`
  if (to === null || (to.protocol !== 'https:' && to.protocol !== 'http:'))
    throw new RegistryError('PROTOCOL', `${where}: redirected to ${to?.protocol ?? 'nowhere'} (want http or https)`, {
      where,
      want: 'http or https',
      got: location,
    })
  if (from.protocol === 'https:' && to.protocol === 'http:' && !insecure)
    throw new RegistryError('PROTOCOL', `${where}: redirected from https to http, where anybody may listen`, {
      where,
      want: 'https',
      got: to.origin,
    })
  if (isLinkLocal(to.hostname) && !isLinkLocal(from.hostname))
    throw new RegistryError('PROTOCOL', `${where}: redirected to ${to.hostname}, where clouds keep their secrets`, {
      where,
      got: to.origin,
    })
  if (to.origin === from.origin) return { ...request, url: to.href }
  const kept = Object.entries(request.headers ?? {}).filter(([name]) => !PERSONAL.includes(name.toLowerCase()))
  // A name and password inside an address are somebody's attempt to have them sent.
  to.username = ''
  to.password = ''
  return { ...request, url: to.href, headers: Object.fromEntries(kept) }
}

function isLinkLocal(hostname: string): boolean {
  return /^169\.254\./.test(hostname) || /^\[fe[89ab]/i.test(hostname)
}

const PERSONAL = ['authorization', 'cookie', 'proxy-authorization']
