import type { IncomingMessage, ServerResponse } from 'node:http'
import { emit, type Options } from '../../../events.ts'
import { clientFor } from '../transport.ts'
import { parseRoute, type Route } from '../wire/route.ts'
import { giveToken, refuse } from './access.ts'
import { endpoints } from './endpoints.ts'
import type { Endpoint } from './exchange.ts'
import { answerFailure } from './failure.ts'
import { basicGuard, bearerGuard, furtherScopes, type Guard, openDoor, scopeOf } from './guard.ts'
import { FolderMedium } from './storage/folderMedium.ts'
import { collectGarbage, type Garbage, type GarbageOptions } from './storage/garbage.ts'
import type { Medium } from './storage/medium.ts'
import { memoryMedium } from './storage/memoryMedium.ts'
import { PullThrough } from './storage/pullThrough.ts'
import { Storage } from './storage/storage.ts'
import { TokenDesk } from './tokenDesk.ts'
import { htpasswdUsers, plainUsers, type Users } from './users.ts'

export interface RegistryOptions extends Options {
  /** The folder everything is kept in; in memory by default. */
  root?: string
  /** With users, everything wants a password, or a token that they get for it. */
  users?: Readonly<Record<string, string>>
  /** Users in a file of `htpasswd -B`. */
  htpasswd?: string
  /** How users show who they are: by a token (the default), or by the password itself. */
  scheme?: 'bearer' | 'basic'
  /** How long a token is good for, in seconds. */
  tokenLife?: number
  /** Everybody may pull, and users may push. */
  anonymousPull?: boolean
  /** Another registry, whose images are fetched when they are asked for, and kept. Then nobody may push. */
  upstream?: string
  /** Lets the upstream speak plain HTTP, or show a certificate that nobody knows. */
  insecure?: boolean
  /** The largest blob that is taken, in bytes. */
  blobLimit?: number
}

/** A registry without a port: what answers requests, wherever they come from. */
export interface Registry {
  /** What the registry calls itself when it asks for a token. */
  readonly service: string
  /** Answers one request: a handler for node:http. */
  readonly handler: (request: IncomingMessage, response: ServerResponse) => void
  /** Removes what no manifest needs, while pushes go on. ≙ `registry garbage-collect` */
  collectGarbage(options?: GarbageOptions): Promise<Garbage>
  /** Resolves when what is being answered has been. */
  settled(): Promise<void>
  close(): Promise<void>
}

const SERVICE = 'ocilab-registry'
// Far above any layer, and still a bound.
const BLOB_LIMIT = 64 * 2 ** 30

/** Makes a registry to be put into an HTTP server of one's own. distribution-spec 1.1. */
export function createRegistry(options: RegistryOptions = {}): Registry {
  const medium = options.root === undefined ? memoryMedium() : new FolderMedium(options.root)
  const storage = storageOf(medium, options)
  const { guard, desk } = doorOf(options)
  const answers = new Set<Promise<void>>()
  return {
    service: SERVICE,
    handler(request, response) {
      const answer = respond(request, response, { storage, guard, desk, options }).finally(() => answers.delete(answer))
      answers.add(answer)
    },
    collectGarbage: garbage => collectGarbage(storage, garbage),
    async settled() {
      while (answers.size > 0) await Promise.all(answers)
    },
    close: () => storage.close(),
  }
}

function storageOf(medium: Medium, { blobLimit = BLOB_LIMIT, upstream, insecure }: RegistryOptions): Storage {
  if (upstream === undefined) return new Storage(medium, { blobLimit })
  return new PullThrough(medium, path => clientFor({ domain: upstream, path }, { insecure }), { blobLimit })
}

interface Desk {
  storage: Storage
  guard: Guard
  desk: TokenDesk | undefined
  options: RegistryOptions
}

async function respond(request: IncomingMessage, response: ServerResponse, it: Desk): Promise<void> {
  const started = performance.now()
  let user = ''
  if (it.options.onEvent) response.once('close', () => log(request, response, { user, started }, it.options))
  response.setHeader('docker-distribution-api-version', 'registry/2.0')
  try {
    const url = URL.parse(request.url ?? '/', 'http://registry')
    if (url === null) return refuse(response, 400, 'UNSUPPORTED', 'not a web address')
    if (it.desk && url.pathname === '/token') return await giveToken(request, response, it.desk, url.searchParams)
    const route = parseRoute(decodeURIComponent(url.pathname), url.searchParams)
    if (route === undefined) return refuse(response, 404, 'UNSUPPORTED', 'no such endpoint')
    if ('name' in route && !isName(route.name))
      return refuse(response, 400, 'NAME_INVALID', 'not a name for a repository')
    const wanted = scopeOf(route, request.method)
    const visitor = await it.guard.admit(request, wanted)
    if (visitor === undefined) {
      const wished = [...(wanted ? [wanted] : []), ...furtherScopes(route)]
      response.setHeader('www-authenticate', it.guard.challenge(request, wished))
      return refuse(response, 401, 'UNAUTHORIZED', 'authentication required')
    }
    user = visitor.user
    const endpoint = endpoints[route.kind][request.method ?? ''] as Endpoint<Route> | undefined
    const reads = request.method === 'GET' || request.method === 'HEAD'
    if (it.options.upstream !== undefined && !reads)
      return refuse(response, 405, 'UNSUPPORTED', `a mirror of ${it.options.upstream} takes no pushes`)
    if (endpoint === undefined) {
      response.setHeader('allow', Object.keys(endpoints[route.kind]).join(', '))
      return refuse(response, 405, 'UNSUPPORTED', `${request.method} is not for this`)
    }
    await endpoint({ route, request, response, storage: it.storage, visitor })
  } catch (error) {
    answerFailure(response, error)
  } finally {
    endBody(request)
  }
}

const UNREAD_PATIENCE = 5_000

/** A body that nobody wants to read any more is read away, so that the client gets to our answer; but not for ever. */
function endBody(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return
  request.resume()
  const timer = setTimeout(() => request.destroy(), UNREAD_PATIENCE)
  request.once('close', () => clearTimeout(timer))
}

// distribution-spec § Pulling manifests; the whole name has an end too.
const NAME = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/
const NAME_LIMIT = 255

function isName(name: string): boolean {
  return name.length <= NAME_LIMIT && NAME.test(name)
}

function doorOf(options: RegistryOptions): { guard: Guard; desk?: TokenDesk } {
  const users = usersOf(options)
  if (users === undefined) return { guard: openDoor }
  const { anonymousPull, tokenLife: life } = options
  if (options.scheme === 'basic') return { guard: basicGuard(users, { anonymousPull }) }
  const desk = new TokenDesk({ users, service: SERVICE, life, anonymousPull })
  return { desk, guard: bearerGuard(desk, realmOf) }
}

function usersOf({ users, htpasswd }: RegistryOptions): Users | undefined {
  if (htpasswd !== undefined) return htpasswdUsers(htpasswd)
  return users && plainUsers(users)
}

/** Where to get a token: at the same address the client came to. */
function realmOf(request: IncomingMessage): string {
  const scheme = 'encrypted' in request.socket ? 'https' : 'http'
  return `${scheme}://${request.headers.host ?? 'localhost'}/token`
}

function log(
  request: IncomingMessage,
  response: ServerResponse,
  { user, started }: { user: string; started: number },
  options: Options,
): void {
  emit(options, {
    type: 'http',
    method: request.method ?? '',
    url: request.url ?? '',
    status: response.statusCode,
    visit: {
      from: request.socket.remoteAddress ?? '',
      user,
      bytes: Number(response.getHeader('content-length') ?? 0),
      milliseconds: performance.now() - started,
    },
  })
}
