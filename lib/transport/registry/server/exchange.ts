import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Bytes } from '../../../bytes/bytes.ts'
import { collect } from '../../../bytes/collect.ts'
import { isOciError, RegistryError } from '../../../errors.ts'
import type { Digest } from '../../../spec/digest.ts'
import type { Route } from '../wire/route.ts'
import type { Visitor } from './guard.ts'
import type { Storage } from './storage/storage.ts'

/** One request as an endpoint sees it. */
export interface Exchange<R extends Route = Route> {
  readonly route: R
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly storage: Storage
  readonly visitor: Visitor
}

export type Endpoint<R extends Route> = (exchange: Exchange<R>) => Promise<void>

export type Headers = Record<string, string | number | readonly string[] | undefined>

/** Answers with a short body: JSON, or nothing. */
export function send(response: ServerResponse, status: number, body: string, headers: Headers = {}): void {
  if (body !== '') response.setHeader('content-type', 'application/json')
  response.setHeader('content-length', Buffer.byteLength(body))
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) response.setHeader(name, value)
  response.writeHead(status).end(body)
}

/** A request's body, whole. Throws `TOO_LARGE`; a length said in advance is believed. */
export async function bodyOf(request: IncomingMessage, limit: number): Promise<Uint8Array> {
  const said = Number(request.headers['content-length'] ?? 0)
  if (said > limit) throw new RegistryError('TOO_LARGE', `too large (want at most ${limit} bytes, got ${said})`)
  return collect(requestBytes(request), limit)
}

/** What a client sends. To stop reading it is not to hang up: the answer still has to go out. */
export function requestBytes(request: IncomingMessage): Bytes {
  return request.iterator({ destroyOnReturn: false })
}

/** The ETag of what is named by a digest: it can't change. RFC 9110 § 8.8.3. */
export function etagOf(digest: Digest): string {
  return `"${digest}"`
}

/** Whether a client has it already, as `If-None-Match` says. RFC 9110 § 13.1.2. */
export function isNotModified(request: IncomingMessage, digest: Digest): boolean {
  const header = request.headers['if-none-match']
  if (header === undefined) return false
  return header.trim() === '*' || header.split(',').some(tag => tag.trim().replace(/^W\//, '') === etagOf(digest))
}

/** Answers 304: nothing but the name of what the client has. */
export function sendNotModified(response: ServerResponse, digest: Digest): void {
  response.writeHead(304, { etag: etagOf(digest), 'docker-content-digest': digest }).end()
}

/** Parses what came from the client; what is wrong with it is the client's error. */
export function parsed<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (isOciError(error)) throw new RegistryError(error.code, error.message, error.data, { cause: error })
    throw error
  }
}
