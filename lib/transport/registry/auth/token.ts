import { collect } from '../../../bytes/collect.ts'
import { RegistryError } from '../../../errors.ts'
import { isLoopback } from '../host.ts'
import type { HttpResponse, Send } from '../http/message.ts'
import { type Challenge, writeBasic } from '../wire/challenge.ts'
import type { Scope } from '../wire/scope.ts'
import { parseTokenResponse, type TokenRequest, writeTokenForm, writeTokenQuery } from '../wire/token.ts'
import type { Credentials } from './credentials.ts'

export interface Token {
  value: string
  /** In milliseconds since 1970, by our own clock: the server's may go wrong. */
  expires: number
  /** For later: what `docker login` keeps instead of the password. */
  identityToken?: string
}

const TOKEN_LIMIT = 1 << 20
// Tokens without a word about it live for a minute; we let go of each a little before its end.
const DEFAULT_LIFE = 60
const MARGIN = 5_000
const CLIENT = 'ocilab'

/** Asks the server a challenge names for a token. Throws `UNAUTHORIZED`. */
export async function fetchToken(ask: {
  send: Send
  challenge: Challenge
  scopes: readonly Scope[]
  credentials: Credentials | undefined
  now: () => number
  /** Wants an identity token, too. */
  offline?: boolean
}): Promise<Token> {
  const { send, challenge, scopes, credentials, now, offline } = ask
  const { service } = challenge.parameters
  const realm = realmOf(challenge.parameters.realm)
  const wanted: TokenRequest = { service, scopes, clientId: CLIENT, offline }
  const asked = now()
  const answer = await (credentials?.identityToken
    ? post(send, realm, { ...wanted, grant: { refreshToken: credentials.identityToken } })
    : get(send, realm, wanted, credentials))
  const body = await collect(answer.body, TOKEN_LIMIT, `token of ${realm.host}`)
  if (answer.status !== 200) throw refused(realm, answer.status)
  const { token, expiresIn = DEFAULT_LIFE, refreshToken } = parseTokenResponse(body, `token of ${realm.host}`)
  return {
    value: token,
    expires: asked + expiresIn * 1000 - Math.min(MARGIN, expiresIn * 500),
    ...(refreshToken !== undefined && { identityToken: refreshToken }),
  }
}

/** ≙ `curl -u USER "REALM?service=…&scope=…"` */
function get(
  send: Send,
  realm: URL,
  wanted: TokenRequest,
  credentials: Credentials | undefined,
): Promise<HttpResponse> {
  const url = new URL(realm)
  const query = writeTokenQuery(credentials ? { ...wanted, account: credentials.username } : wanted)
  for (const [name, value] of query) url.searchParams.append(name, value)
  if (credentials === undefined) return send({ method: 'GET', url: url.href })
  guardSecret(realm)
  const authorization = writeBasic(credentials.username, credentials.password)
  return send({ method: 'GET', url: url.href, headers: { authorization } })
}

/** ≙ `curl -d grant_type=refresh_token -d refresh_token=… REALM`. distribution's oauth.md. */
function post(send: Send, realm: URL, wanted: TokenRequest): Promise<HttpResponse> {
  guardSecret(realm)
  return send({
    method: 'POST',
    url: realm.href,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: writeTokenForm(wanted).toString(),
    repeatable: true,
  })
}

function realmOf(text: string | undefined): URL {
  const url = URL.parse(text ?? '')
  if (url && (url.protocol === 'https:' || url.protocol === 'http:')) return url
  throw new RegistryError('UNAUTHORIZED', `WWW-Authenticate: a realm that is no web address: ${JSON.stringify(text)}`, {
    want: 'https://…',
    got: text,
  })
}

/** A registry may send us anywhere for a token; a password does not go over an open line. */
function guardSecret(realm: URL): void {
  if (realm.protocol === 'https:' || isLoopback(realm.hostname)) return
  throw new RegistryError(
    'UNAUTHORIZED',
    `${realm.origin}: the registry wants the password sent there without encryption`,
    { want: 'https', got: realm.href },
  )
}

function refused(realm: URL, status: number): RegistryError {
  const isDenied = status === 401 || status === 403
  const what = isDenied ? 'wrong user name or password' : `status ${status}`
  return new RegistryError('UNAUTHORIZED', `${realm.origin}${realm.pathname}: no token: ${what}`, {
    url: realm.href,
    status,
  })
}
