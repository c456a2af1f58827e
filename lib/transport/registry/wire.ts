import { OciError, type RegistryErrorCode } from '../../errors.ts'
import { parseJson } from '../../spec/goJson.ts'

/** What a client and a server say to each other, both directions in one place. distribution-spec § Endpoints. */
export type Route =
  | { kind: 'base' }
  | { kind: 'manifest'; name: string; reference: string }
  | { kind: 'blob'; name: string; digest: string }
  | { kind: 'uploads'; name: string }
  | { kind: 'upload'; name: string; id: string }
  | { kind: 'tags'; name: string }

/** The path of an endpoint. */
export function writeRoute(route: Route): string {
  switch (route.kind) {
    case 'base':
      return '/v2/'
    case 'manifest':
      return `/v2/${route.name}/manifests/${route.reference}`
    case 'blob':
      return `/v2/${route.name}/blobs/${route.digest}`
    case 'uploads':
      return `/v2/${route.name}/blobs/uploads/`
    case 'upload':
      return `/v2/${route.name}/blobs/uploads/${route.id}`
    case 'tags':
      return `/v2/${route.name}/tags/list`
  }
}

// A name may hold slashes, even a part called "blobs": the last possible reading counts, as the patterns are greedy.
const PATTERNS: [RegExp, (name: string, last: string) => Route][] = [
  [/^\/v2\/(.+)\/manifests\/([^/]+)$/, (name, reference) => ({ kind: 'manifest', name, reference })],
  [/^\/v2\/(.+)\/blobs\/uploads\/?()$/, name => ({ kind: 'uploads', name })],
  [/^\/v2\/(.+)\/blobs\/uploads\/([^/]+)$/, (name, id) => ({ kind: 'upload', name, id })],
  [/^\/v2\/(.+)\/blobs\/([^/]+)$/, (name, digest) => ({ kind: 'blob', name, digest })],
  [/^\/v2\/(.+)\/tags\/list()$/, name => ({ kind: 'tags', name })],
]

/** The endpoint of a path; undefined for one that is none. */
export function parseRoute(path: string): Route | undefined {
  if (path === '/v2/' || path === '/v2') return { kind: 'base' }
  for (const [pattern, make] of PATTERNS) {
    const found = pattern.exec(path)
    if (found) return make(found[1]!, found[2]!)
  }
  return undefined
}

/** The body of an error answer. distribution-spec § Error Codes. */
export function writeErrors(code: RegistryErrorCode, message: string, detail?: unknown): string {
  return JSON.stringify({ errors: [{ code, message, ...(detail !== undefined && { detail }) }] })
}

/** The first error of an answer's body; undefined when the body is no such document (a proxy's page, say). */
export function parseErrors(body: Uint8Array): { code: string; message: string } | undefined {
  try {
    const { errors } = parseJson(body, 'errors', 'UNSUPPORTED') as { errors?: { code?: unknown; message?: unknown }[] }
    const [first] = errors ?? []
    return first ? { code: String(first.code ?? ''), message: String(first.message ?? '') } : undefined
  } catch {
    // Not JSON: the status alone has to say what is wrong.
    return undefined
  }
}

/** One way in that a registry offers: `Bearer realm="…",service="…",scope="…"`. RFC 9110 § 11. */
export interface Challenge {
  scheme: string
  parameters: Record<string, string>
}

export function writeChallenge({ scheme, parameters }: Challenge): string {
  return `${scheme} ${Object.entries(parameters)
    .map(([name, value]) => `${name}="${value.replace(/["\\]/g, '\\$&')}"`)
    .join(',')}`
}

/** All challenges of a header: schemes and their parameters are parted by the same commas. */
export function parseChallenges(header: string): Challenge[] {
  const challenges: Challenge[] = []
  const token = /\s*,?\s*([\w!#$%&'*+.^`|~-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?/y
  for (let found = token.exec(header); found?.[1] !== undefined; found = token.exec(header)) {
    const [, word, quoted, plain] = found
    const value = quoted?.replace(/\\(.)/g, '$1') ?? plain
    if (value === undefined) challenges.push({ scheme: word, parameters: {} })
    else Object.assign(challenges.at(-1)?.parameters ?? {}, { [word.toLowerCase()]: value })
  }
  return challenges
}

/** `bytes=5-` or `bytes=5-9` as offsets, the end exclusive; undefined for forms a server may ignore. Throws `SIZE_INVALID` beyond the end. */
export function parseRange(header: string | undefined, size: number): { start: number; end: number } | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? []
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined
  const start = first === '' ? Math.max(size - Number(last), 0) : Number(first)
  const end = first === '' || last === '' ? size : Math.min(Number(last) + 1, size)
  if (first !== '' && last !== '' && Number(last) < start) return undefined
  if (start >= size)
    throw new OciError('SIZE_INVALID', `range ${header}: beyond the end (want below ${size})`, {
      want: size,
      got: header,
    })
  return { start, end }
}

/** `START-END` of an upload's chunk, the end inclusive, as the spec's `Content-Range` has it. */
export function parseContentRange(header: string): { start: number; end: number } | undefined {
  const [, start, end] = /^(?:bytes[ =])?(\d+)-(\d+)/.exec(header) ?? []
  return start === undefined || end === undefined ? undefined : { start: Number(start), end: Number(end) }
}
