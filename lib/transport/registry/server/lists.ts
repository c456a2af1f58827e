import { RegistryError } from '../../../errors.ts'
import { parseDigest } from '../../../spec/digest.ts'
import { writeIndex } from '../../../spec/manifest.ts'
import { OCI_INDEX } from '../../../spec/mediaTypes.ts'
import { writeCatalog, writeNextLink, writeTagList } from '../wire/lists.ts'
import { type Page, type RouteOf, writeRoute } from '../wire/route.ts'
import { type Exchange, parsed, send } from './exchange.ts'

/** end-8a, end-8b */
export async function listTags({ route, response, storage }: Exchange<RouteOf<'tags'>>): Promise<void> {
  const all = await storage.tags(route.name)
  if (all === undefined) throw new RegistryError('NAME_UNKNOWN', `no repository ${route.name}`, { got: route.name })
  const { entries, next } = pageOf(all, route)
  const link = next && writeNextLink(writeRoute({ ...route, ...next }))
  send(response, 200, writeTagList(route.name, entries), { link })
}

/** Docker's own, which the spec leaves out. */
export async function listRepositories({ route, response, storage }: Exchange<RouteOf<'catalog'>>): Promise<void> {
  const { entries, next } = pageOf(await storage.repositories(), route)
  const link = next && writeNextLink(writeRoute({ ...route, ...next }))
  send(response, 200, writeCatalog(entries), { link })
}

/** end-12a, end-12b. A subject that is not here has no referrers; that is no error. */
export async function listReferrers({ route, response, storage }: Exchange<RouteOf<'referrers'>>): Promise<void> {
  const all = await storage.referrers(
    route.name,
    parsed(() => parseDigest(route.digest)),
  )
  const manifests = all.filter(it => route.artifactType === undefined || it.artifactType === route.artifactType)
  const body = writeIndex({ schemaVersion: 2, mediaType: OCI_INDEX, manifests })
  if (route.artifactType !== undefined) response.setHeader('oci-filters-applied', 'artifactType')
  response.writeHead(200, { 'content-type': OCI_INDEX, 'content-length': body.length }).end(body)
}

/** The entries after `last`, at most `n`; and how to ask for those that follow. distribution-spec § Listing Tags. */
function pageOf(all: readonly string[], { n = all.length, last }: Page): { entries: string[]; next?: Page } {
  if (typeof n === 'string') throw new RegistryError('UNSUPPORTED', `n: want a number, got ${JSON.stringify(n)}`)
  const rest = last === undefined ? [...all] : all.filter(entry => entry > last)
  const entries = rest.slice(0, n)
  return entries.length > 0 && entries.length < rest.length
    ? { entries, next: { n, last: entries.at(-1) } }
    : { entries }
}
