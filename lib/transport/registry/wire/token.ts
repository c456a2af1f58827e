import { RegistryError } from '../../../errors.ts'
import { parseJson } from '../../../spec/goJson.ts'
import { parseScopes, type Scope, writeScope } from './scope.ts'

/** What is asked of a token server, beside the password in `Authorization`. distribution's token.md and oauth.md. */
export interface TokenRequest {
  service?: string
  scopes: readonly Scope[]
  clientId?: string
  /** The user's name, as docker tells it although the password's header has it too. */
  account?: string
  /** Wants a token for later, too: `docker login` does. */
  offline?: boolean
  /** Asked by POST: instead of a header. */
  grant?: { refreshToken: string } | { username: string; password: string }
}

/** What a token server answers; `expiresIn` in seconds from `issuedAt`. */
export interface TokenResponse {
  token: string
  expiresIn?: number
  issuedAt?: Date
  refreshToken?: string
}

/** The query of `GET REALM?service=…&scope=…`. */
export function writeTokenQuery({ service, scopes, clientId, account, offline }: TokenRequest): URLSearchParams {
  return new URLSearchParams([
    ...pair('service', service),
    ...scopes.map(scope => ['scope', writeScope(scope)] as [string, string]),
    ...pair('client_id', clientId),
    ...pair('account', account),
    ...pair('offline_token', offline ? 'true' : undefined),
  ])
}

export function parseTokenQuery(query: URLSearchParams): TokenRequest {
  return {
    service: query.get('service') ?? undefined,
    scopes: query.getAll('scope').flatMap(parseScopes),
    clientId: query.get('client_id') ?? undefined,
    account: query.get('account') ?? undefined,
    offline: query.get('offline_token') === 'true',
  }
}

/** The form of `POST REALM`, OAuth 2's way (RFC 6749 § 4.3 and § 6). */
export function writeTokenForm({ service, scopes, clientId, offline, grant }: TokenRequest): URLSearchParams {
  const granted: [string, string][] =
    grant === undefined
      ? []
      : 'refreshToken' in grant
        ? [
            ['grant_type', 'refresh_token'],
            ['refresh_token', grant.refreshToken],
          ]
        : [
            ['grant_type', 'password'],
            ['username', grant.username],
            ['password', grant.password],
          ]
  return new URLSearchParams([
    ...granted,
    ...pair('service', service),
    ...pair('client_id', clientId),
    ...pair('access_type', offline ? 'offline' : undefined),
    ...(scopes.length > 0 ? pair('scope', scopes.map(writeScope).join(' ')) : []),
  ])
}

/** Throws `UNSUPPORTED` for a grant type that is neither. */
export function parseTokenForm(form: URLSearchParams): TokenRequest {
  const type = form.get('grant_type')
  if (type !== 'refresh_token' && type !== 'password')
    throw new RegistryError('UNSUPPORTED', `grant_type: want refresh_token or password, got ${JSON.stringify(type)}`, {
      want: 'refresh_token or password',
      got: type,
    })
  return {
    service: form.get('service') ?? undefined,
    scopes: form.getAll('scope').flatMap(parseScopes),
    clientId: form.get('client_id') ?? undefined,
    offline: form.get('access_type') === 'offline',
    grant:
      type === 'refresh_token'
        ? { refreshToken: form.get('refresh_token') ?? '' }
        : { username: form.get('username') ?? '', password: form.get('password') ?? '' },
  }
}

/** The body of the answer: the token under both names, for docker's way and OAuth's differ in that. */
export function writeTokenResponse({ token, expiresIn, issuedAt, refreshToken }: TokenResponse): string {
  return JSON.stringify({
    token,
    access_token: token,
    ...(expiresIn !== undefined && { expires_in: expiresIn }),
    ...(issuedAt !== undefined && { issued_at: issuedAt.toISOString() }),
    ...(refreshToken !== undefined && { refresh_token: refreshToken }),
  })
}

/** Throws `UNAUTHORIZED` for an answer without a token. */
export function parseTokenResponse(body: Uint8Array, where: string): TokenResponse {
  const json = (parseJson(body, where, 'UNAUTHORIZED') ?? {}) as Record<string, unknown>
  const token = json.token || json.access_token
  if (typeof token !== 'string' || token === '')
    throw new RegistryError('UNAUTHORIZED', `${where}: an answer without a token`, { where })
  const issued = typeof json.issued_at === 'string' ? new Date(json.issued_at) : undefined
  return {
    token,
    ...(typeof json.expires_in === 'number' && json.expires_in > 0 && { expiresIn: json.expires_in }),
    ...(issued && !Number.isNaN(issued.getTime()) && { issuedAt: issued }),
    ...(typeof json.refresh_token === 'string' && { refreshToken: json.refresh_token }),
  }
}

function pair(name: string, value: string | undefined): [string, string][] {
  return value === undefined ? [] : [[name, value]]
}
