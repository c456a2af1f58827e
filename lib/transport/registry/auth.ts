import { collect } from '../../bytes/collect.ts'
import { RegistryError } from '../../errors.ts'
import { parseJson } from '../../spec/goJson.ts'
import type { Credentials } from './credentials.ts'
import type { HttpResponse, Send } from './http.ts'
import { type Challenge, parseChallenges } from './wire/challenge.ts'

/** What a token is asked for: `repository:zengxu/oci-demo-app:pull`. */
export type Scope = string

interface Token {
  value: string
  /** In milliseconds since 1970. */
  expires: number
}

const TOKEN_LIMIT = 1 << 20
// Tokens without a word about it live for a minute; we let go of each a little before its end.
const DEFAULT_LIFE = 60
const MARGIN = 5_000

/** Gets into a registry: answers its challenges, and keeps the tokens it is given. distribution's token.md. */
export class Authenticator {
  private readonly tokens = new Map<Scope, Token>()
  private challenge: Challenge | undefined
  private readonly send: Send
  private readonly credentials: Credentials | undefined
  private readonly now: () => number

  constructor(send: Send, credentials: Credentials | undefined, now: () => number = Date.now) {
    this.send = send
    this.credentials = credentials
    this.now = now
  }

  /** The header to send along, as far as it is known what the registry wants. */
  async header(scope: Scope): Promise<Record<string, string>> {
    if (this.challenge?.scheme.toLowerCase() === 'basic') return { authorization: this.basic() }
    if (this.challenge === undefined) return {}
    const kept = this.tokens.get(scope)
    if (kept && kept.expires > this.now()) return { authorization: `Bearer ${kept.value}` }
    const token = await this.fetchToken(this.challenge, scope)
    this.tokens.set(scope, token)
    return { authorization: `Bearer ${token.value}` }
  }

  /** Takes a 401 as it was meant. False when it asks for nothing new: then the answer is no. */
  answer(response: HttpResponse, scope: Scope): boolean {
    const challenges = parseChallenges(response.header('www-authenticate') ?? '')
    const of = (scheme: string) => challenges.find(challenge => challenge.scheme.toLowerCase() === scheme)
    const challenge = of('bearer') ?? of('basic')
    if (challenge === undefined) return false
    const had = this.tokens.delete(scope)
    const first = this.challenge === undefined
    this.challenge = challenge
    if (challenge.scheme.toLowerCase() === 'basic') return first && this.credentials !== undefined
    // A token may have ended early: one new one is asked for, not a second.
    return first || had
  }

  private basic(): string {
    const { username = '', password = '' } = this.credentials ?? {}
    return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
  }

  private async fetchToken({ parameters }: Challenge, scope: Scope): Promise<Token> {
    const realm = realmOf(parameters.realm)
    const service = parameters.service
    const response = this.credentials?.identityToken
      ? await this.refresh(realm, service, scope, this.credentials.identityToken)
      : await this.ask(realm, service, scope)
    const body = await collect(response.body, TOKEN_LIMIT)
    if (response.status !== 200) throw refused(realm, response.status)
    const { token, access_token, expires_in } = parseJson(body, `token of ${realm.host}`, 'UNAUTHORIZED') as Record<
      string,
      unknown
    >
    const value = token ?? access_token
    if (typeof value !== 'string' || value === '')
      throw new RegistryError('UNAUTHORIZED', `${realm.href}: an answer without a token`, { url: realm.href })
    const life = typeof expires_in === 'number' && expires_in > 0 ? expires_in : DEFAULT_LIFE
    return { value, expires: this.now() + life * 1000 - MARGIN }
  }

  /** ≙ `curl -u USER "REALM?service=…&scope=…"` */
  private ask(realm: URL, service: string | undefined, scope: Scope): Promise<HttpResponse> {
    const url = new URL(realm)
    if (service) url.searchParams.set('service', service)
    if (scope) url.searchParams.append('scope', scope)
    if (this.credentials) guardPassword(realm)
    return this.send({ method: 'GET', url: url.href, headers: this.credentials ? { authorization: this.basic() } : {} })
  }

  private refresh(realm: URL, service: string | undefined, scope: Scope, identityToken: string): Promise<HttpResponse> {
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: identityToken,
      client_id: 'ocilab',
      scope,
      ...(service && { service }),
    })
    return this.send({
      method: 'POST',
      url: realm.href,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: form.toString(),
    })
  }
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
function guardPassword(realm: URL): void {
  if (realm.protocol === 'https:' || isLoopback(realm.hostname)) return
  throw new RegistryError(
    'UNAUTHORIZED',
    `${realm.origin}: the registry wants the password sent there without encryption`,
    { want: 'https', got: realm.href },
  )
}

export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || /^127\.\d+\.\d+\.\d+$/.test(hostname) || hostname === '[::1]'
}

function refused(realm: URL, status: number): RegistryError {
  const denied = status === 401 || status === 403
  const what = denied ? 'wrong user name or password' : `status ${status}`
  return new RegistryError('UNAUTHORIZED', `${realm.origin}${realm.pathname}: no token: ${what}`, {
    url: realm.href,
    status,
  })
}
