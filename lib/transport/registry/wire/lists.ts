import { RegistryError } from '../../../errors.ts'
import { parseJson } from '../../../spec/goJson.ts'
import { array, object, string } from '../../../spec/parse.ts'

/** `Link: <URL>; rel="next"`: where the list goes on. RFC 8288. */
export function writeNextLink(url: string): string {
  return `<${url}>; rel="next"`
}

/** The address of the next page, which may be relative; undefined on the last. */
export function parseNextLink(header: string | undefined): string | undefined {
  for (const [, url, parameters] of (header ?? '').matchAll(/<([^>]*)>((?:\s*;\s*[^,;]+)*)/g))
    if (/;\s*rel\s*=\s*"?next"?\s*(;|$)/i.test(parameters!)) return url
  return undefined
}

/** The body of `…/tags/list`. distribution-spec § Listing Tags. */
export function writeTagList(name: string, tags: readonly string[]): string {
  return JSON.stringify({ name, tags })
}

/** Throws `PROTOCOL` for what is no such list; docker's registry writes null for none. */
export function parseTagList(body: Uint8Array, where: string): string[] {
  return parseList(body, where, 'tags')
}

/** The body of `/v2/_catalog`. */
export function writeCatalog(repositories: readonly string[]): string {
  return JSON.stringify({ repositories })
}

export function parseCatalog(body: Uint8Array, where: string): string[] {
  return parseList(body, where, 'repositories')
}

const LIMIT = 16 << 20

function parseList(body: Uint8Array, where: string, field: string): string[] {
  try {
    const list = object(parseJson(body, where, 'PROTOCOL', LIMIT), where)[field]
    return array(list ?? [], `${where}: ${field}`).map(it => string(it, `${where}: ${field}`))
  } catch (error) {
    throw new RegistryError('PROTOCOL', `${where}: not a list of ${field}`, { where }, { cause: error })
  }
}
