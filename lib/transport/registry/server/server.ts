import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isOciError, isSystemError, OciError, type RegistryErrorCode } from '../../../errors.ts'
import { emit, type Options } from '../../../events.ts'
import { writeErrors } from '../wire/errors.ts'
import { parseRoute, type Route } from '../wire/route.ts'
import { type Exchange, endpoints, send } from './endpoints.ts'
import { Storage } from './storage.ts'
import { TokenDesk, type Users } from './tokens.ts'

export interface RegistryOptions extends Options {
  /** A free one by default. */
  port?: number
  /** Where blobs are kept; a temporary folder, removed at the end, by default. */
  root?: string
  /** With users, everything wants a token, which they get for their password. */
  users?: Users
  /** How long a token is good for, in seconds. */
  tokenLife?: number
}

export interface RunningRegistry {
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  /** `127.0.0.1:PORT`, as it stands in a reference. */
  readonly host: string
  /** What the registry calls itself when it asks for a token. */
  readonly service: string
  close(): Promise<void>
}

const SERVICE = 'ocilab-registry'

/** Starts a registry on the loopback address. ≙ `docker run -p 5000:5000 registry:2`. Throws `ADDRESS_IN_USE`. */
export async function startRegistry(options: RegistryOptions = {}): Promise<RunningRegistry> {
  const root = options.root ?? (await mkdtemp(join(tmpdir(), 'ocilab-registry-')))
  const storage = new Storage(root)
  const desk = options.users && new TokenDesk(options.users, SERVICE, options.tokenLife)
  const server = createServer((request, response) => void answer(request, response, storage, desk, options))
  try {
    await new Promise<void>((resolve, reject) =>
      server.once('error', reject).listen(options.port ?? 0, '127.0.0.1', resolve),
    )
  } catch (error) {
    if (!isSystemError(error, 'EADDRINUSE')) throw error
    throw new OciError(
      'ADDRESS_IN_USE',
      `127.0.0.1:${options.port}: taken by another program`,
      { want: options.port, hint: 'choose another --port' },
      { cause: error },
    )
  }
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: `http://${host}`,
    host,
    service: SERVICE,
    async close() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
      await storage.blobs.close()
      if (options.root === undefined) await rm(root, { recursive: true, force: true })
    },
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  storage: Storage,
  desk: TokenDesk | undefined,
  options: Options,
): Promise<void> {
  const url = URL.parse(request.url ?? '/', `http://${request.headers.host ?? 'localhost'}`)
  response.setHeader('docker-distribution-api-version', 'registry/2.0')
  response.once('finish', () =>
    emit(options, { type: 'http', method: request.method ?? '', url: request.url ?? '', status: response.statusCode }),
  )
  try {
    if (url === null) return refuse(response, 400, 'UNSUPPORTED', 'not a web address')
    if (desk && url.pathname === '/token') return giveToken(request, response, desk, url)
    const route = parseRoute(decodeURIComponent(url.pathname))
    if (route === undefined) return refuse(response, 404, 'UNSUPPORTED', 'no such endpoint')
    if ('name' in route && !NAME.test(route.name))
      return refuse(response, 400, 'NAME_INVALID', 'invalid repository name')
    const scope = scopeOf(route, request.method)
    if (desk && !desk.admits(request, scope)) return challenge(request, response, desk, scope)
    const endpoint = endpoints[route.kind]?.[request.method ?? ''] as
      | ((exchange: Exchange) => Promise<void>)
      | undefined
    if (endpoint === undefined) return refuse(response, 405, 'UNSUPPORTED', 'the operation is unsupported')
    await endpoint({ route, query: url.searchParams, request, response, storage })
  } catch (error) {
    failed(response, error)
  }
}

// distribution-spec § Pulling manifests; the whole name has an end too.
const NAME = /^(?=.{1,255}$)[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/

function scopeOf(route: Route, method = ''): string | undefined {
  if (!('name' in route)) return undefined
  const action = method === 'GET' || method === 'HEAD' ? 'pull' : method === 'DELETE' ? 'delete' : 'push'
  return `repository:${route.name}:${action}`
}

function giveToken(request: IncomingMessage, response: ServerResponse, desk: TokenDesk, url: URL): void {
  const token = desk.issue(request, url.searchParams)
  if (token) send(response, 200, JSON.stringify(token))
  else
    send(response, 401, writeErrors('UNAUTHORIZED', 'wrong user name or password'), {
      'www-authenticate': 'Basic realm="ocilab"',
    })
}

function challenge(
  request: IncomingMessage,
  response: ServerResponse,
  desk: TokenDesk,
  scope: string | undefined,
): void {
  const realm = `http://${request.headers.host}/token`
  // docker and skopeo ask for pull and push in one: so does the challenge.
  const wanted = scope?.replace(/:push$/, ':pull,push')
  send(response, 401, writeErrors('UNAUTHORIZED', 'authentication required'), {
    'www-authenticate': desk.challenge(realm, wanted),
  })
}

const STATUS: Partial<Record<string, number>> = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_UNKNOWN: 404,
  MANIFEST_UNKNOWN: 404,
  NAME_UNKNOWN: 404,
  TOO_LARGE: 413,
  SIZE_INVALID: 416,
}

/** An error of ours becomes the spec's; anything else is our own fault, and says no more than that. */
function failed(response: ServerResponse, error: unknown): void {
  if (response.headersSent) response.destroy()
  else if (error instanceof URIError) refuse(response, 400, 'NAME_INVALID', 'not an address')
  else if (!isOciError(error)) refuse(response, 500, 'UNSUPPORTED', 'internal error')
  else refuse(response, STATUS[error.code] ?? 400, WIRE[error.code] ?? (error.code as RegistryErrorCode), error.message)
}

// What the wire has no word for goes by the nearest.
const WIRE: Partial<Record<string, RegistryErrorCode>> = {
  TOO_LARGE: 'SIZE_INVALID',
  MEDIA_TYPE_UNKNOWN: 'MANIFEST_INVALID',
}

function refuse(response: ServerResponse, status: number, code: RegistryErrorCode, message: string): void {
  send(response, status, writeErrors(code, message))
}
