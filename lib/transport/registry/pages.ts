import { collect } from '../../bytes/collect.ts'
import { RegistryError } from '../../errors.ts'
import type { Session } from './session.ts'
import { parseNextLink } from './wire/lists.ts'
import { type RouteOf, writeRoute } from './wire/route.ts'

const PAGE_LIMIT = 16 << 20
// Nobody has so many: a list that goes on for longer goes round in circles.
const PAGES = 10_000

/** A whole list, page by page. distribution-spec § Listing Tags. */
export async function listPages(
  session: Session,
  route: RouteOf<'tags' | 'catalog'>,
  parse: (body: Uint8Array, where: string) => string[],
): Promise<string[]> {
  const list: string[] = []
  await eachPage(
    session,
    (await session.baseUrl()) + writeRoute(route),
    (body, url) => void list.push(...parse(body, url)),
  )
  return list
}

/** Gives every page to `take`; false when there is no such list. */
export async function eachPage(
  session: Session,
  first: string,
  take: (body: Uint8Array, url: string, header: (name: string) => string | undefined) => void,
  isOptional = false,
): Promise<boolean> {
  const where = session.name === '' ? session.host : `${session.host}/${session.name}`
  const seen = new Set<string>()
  for (let url: string | undefined = first; url !== undefined; ) {
    const answer = await session.callUrl(url, { method: 'GET' }, 'pull')
    if (isOptional && answer.status === 404) {
      await answer.body.dump()
      return false
    }
    await session.expect(answer, [200], where, 'NAME_UNKNOWN')
    take(await collect(answer.body, PAGE_LIMIT, where), url, answer.header)
    seen.add(url)
    url = nextOf(answer.header('link'), url, await session.baseUrl(), where)
    if (url !== undefined && (seen.has(url) || seen.size >= PAGES))
      throw new RegistryError('PROTOCOL', `${where}: a list without an end`, { where, got: url })
  }
  return true
}

/** The next page is on the same server: a link elsewhere would take our token there. */
function nextOf(link: string | undefined, url: string, base: string, where: string): string | undefined {
  const next = parseNextLink(link)
  if (next === undefined) return undefined
  const resolved = URL.parse(next, url)
  if (resolved?.origin === base) return resolved.href
  throw new RegistryError('PROTOCOL', `${where}: the list goes on at another server (want ${base}, got ${next})`, {
    where,
    want: base,
    got: next,
  })
}
