/** What can be asked of a registry: the endpoints of distribution-spec 1.1 § Endpoints, with their parameters. */
export type Route =
  /** end-1 */
  | { kind: 'base' }
  /** end-2, end-3, end-7, end-9; `tags` are given to a manifest that is pushed by digest (end-7b). */
  | { kind: 'manifest'; name: string; reference: string; tags?: readonly string[] }
  /** end-2, end-10 */
  | { kind: 'blob'; name: string; digest: string }
  /** end-4a; with `digest` the whole blob (end-4b); with `mount` no bytes at all (end-11) */
  | ({ kind: 'uploads'; name: string } & UploadStart)
  /** end-5, end-6, end-13, end-14; with `digest` it is the end of the upload. */
  | { kind: 'upload'; name: string; id: string; digest?: string }
  /** end-8a, end-8b */
  | ({ kind: 'tags'; name: string } & Page)
  /** end-12a, end-12b */
  | { kind: 'referrers'; name: string; digest: string; artifactType?: string }
  /** Not in the spec, but in every registry: the repositories there are. */
  | ({ kind: 'catalog' } & Page)

/** How an upload may begin; `algorithm` is that of the digest it will have in the end (end-4c). */
export interface UploadStart {
  digest?: string
  mount?: string
  from?: string
  algorithm?: string
}

/** One page of a list: at most `n` entries, those after `last`. What is no number stays text, for the server to refuse. */
export interface Page {
  n?: number | string
  last?: string
}

/** The route of one kind. */
export type RouteOf<K extends Route['kind']> = Extract<Route, { kind: K }>

/** The path of an endpoint, with its query. */
export function writeRoute(route: Route): string {
  switch (route.kind) {
    case 'base':
      return '/v2/'
    case 'manifest':
      return `/v2/${route.name}/manifests/${route.reference}${query({ tag: route.tags })}`
    case 'blob':
      return `/v2/${route.name}/blobs/${route.digest}`
    case 'uploads': {
      const { name, digest, mount, from, algorithm } = route
      return `/v2/${name}/blobs/uploads/${query({ digest, mount, from, 'digest-algorithm': algorithm })}`
    }
    case 'upload':
      return `/v2/${route.name}/blobs/uploads/${route.id}${query({ digest: route.digest })}`
    case 'tags':
      return `/v2/${route.name}/tags/list${query({ n: route.n, last: route.last })}`
    case 'referrers':
      return `/v2/${route.name}/referrers/${route.digest}${query({ artifactType: route.artifactType })}`
    case 'catalog':
      return `/v2/_catalog${query({ n: route.n, last: route.last })}`
  }
}

/** The endpoint of a path and its query; undefined for a path that is none. */
export function parseRoute(path: string, query = new URLSearchParams()): Route | undefined {
  if (path === '/v2/' || path === '/v2') return { kind: 'base' }
  if (path === '/v2/_catalog') return { kind: 'catalog', ...pageOf(query) }
  for (const [pattern, make] of PATTERNS) {
    const found = pattern.exec(path)
    if (found) return make(found[1]!, found[2]!, query)
  }
  return undefined
}

// A name may hold slashes, even a part called "blobs": the last possible reading counts, as the patterns are greedy.
const PATTERNS: [RegExp, (name: string, last: string, query: URLSearchParams) => Route][] = [
  [/^\/v2\/(.+)\/manifests\/([^/]+)$/, (name, reference, query) => manifestRoute(name, reference, query)],
  [/^\/v2\/(.+)\/blobs\/uploads\/?()$/, (name, _, query) => ({ kind: 'uploads', name, ...startOf(query) })],
  [
    /^\/v2\/(.+)\/blobs\/uploads\/([^/]+)$/,
    (name, id, query) => present({ kind: 'upload', name, id, digest: get(query, 'digest') }),
  ],
  [/^\/v2\/(.+)\/blobs\/([^/]+)$/, (name, digest) => ({ kind: 'blob', name, digest })],
  [/^\/v2\/(.+)\/tags\/list()$/, (name, _, query) => ({ kind: 'tags', name, ...pageOf(query) })],
  [
    /^\/v2\/(.+)\/referrers\/([^/]+)$/,
    (name, digest, query) =>
      present({ kind: 'referrers', name, digest, artifactType: get(query, 'artifactType') || undefined }),
  ],
]

function manifestRoute(name: string, reference: string, query: URLSearchParams): Route {
  const tags = query.getAll('tag')
  return { kind: 'manifest', name, reference, ...(tags.length > 0 && { tags }) }
}

function startOf(query: URLSearchParams): UploadStart {
  return present({
    digest: get(query, 'digest'),
    mount: get(query, 'mount'),
    from: get(query, 'from'),
    algorithm: get(query, 'digest-algorithm'),
  })
}

function pageOf(query: URLSearchParams): Page {
  const n = get(query, 'n')
  return present({ n: n !== undefined && /^\d+$/.test(n) ? Number(n) : n, last: get(query, 'last') })
}

function get(query: URLSearchParams, name: string): string | undefined {
  return query.get(name) ?? undefined
}

function present<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T
}

function query(parameters: Record<string, string | number | readonly string[] | undefined>): string {
  const pairs = Object.entries(parameters).flatMap(([name, value]) =>
    (value === undefined ? [] : [value].flat()).map((it): [string, string] => [name, String(it)]),
  )
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs)}`
}
