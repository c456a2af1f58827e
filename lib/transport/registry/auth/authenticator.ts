import type { HttpResponse, Send } from '../http/message.ts'
import { type Challenge, parseChallenges, writeBasic, writeBearer } from '../wire/challenge.ts'
import { type Scope, writeScope } from '../wire/scope.ts'
import type { Credentials } from './credentials.ts'
import { fetchToken, type Token } from './token.ts'

/** Gets into a registry: answers its challenges, and keeps the tokens it is given. distribution's token.md. */
export class Authenticator {
  private readonly tokens = new Map<string, Promise<Token>>()
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
  async header(scopes: readonly Scope[]): Promise<Record<string, string>> {
    if (this.challenge === undefined) return {}
    if (isScheme(this.challenge, 'basic')) return this.basic()
    const token = await this.token(this.challenge, scopes)
    return { authorization: writeBearer(token.value) }
  }

  /** Takes a 401 as it was meant; `used` is what was sent along. False when another try would be the same. */
  async answer(response: HttpResponse, scopes: readonly Scope[], used: string | undefined): Promise<boolean> {
    const challenge = chosen(parseChallenges(response.header('www-authenticate') ?? ''))
    if (challenge === undefined) return false
    this.challenge = challenge
    if (isScheme(challenge, 'basic')) return used === undefined && this.credentials !== undefined
    // A token may have ended before its time. One that another request has renewed meanwhile stays.
    const key = keyOf(scopes)
    const kept = await this.tokens.get(key)?.catch(() => undefined)
    if (kept && writeBearer(kept.value) === used) this.tokens.delete(key)
    return true
  }

  private basic(): Record<string, string> {
    if (this.credentials === undefined) return {}
    return { authorization: writeBasic(this.credentials.username, this.credentials.password) }
  }

  /** Several requests that want the same token at once get one: registries count who asks too often. */
  private async token(challenge: Challenge, scopes: readonly Scope[]): Promise<Token> {
    const key = keyOf(scopes)
    const kept = await this.tokens.get(key)
    if (kept && kept.expires > this.now()) return kept
    // Another request may have asked while we looked.
    const again = this.tokens.get(key)
    const asked = again && (await again) !== kept ? again : this.ask(challenge, scopes)
    this.tokens.set(key, asked)
    try {
      return await asked
    } catch (error) {
      if (this.tokens.get(key) === asked) this.tokens.delete(key)
      throw error
    }
  }

  private ask(challenge: Challenge, scopes: readonly Scope[]): Promise<Token> {
    return fetchToken({ send: this.send, challenge, scopes, credentials: this.credentials, now: this.now })
  }
}

/** Of several ways in, the one with a token: a password shown once is better than one shown each time. */
function chosen(challenges: readonly Challenge[]): Challenge | undefined {
  return challenges.find(it => isScheme(it, 'bearer')) ?? challenges.find(it => isScheme(it, 'basic'))
}

function isScheme({ scheme }: Challenge, name: 'bearer' | 'basic'): boolean {
  return scheme.toLowerCase() === name
}

function keyOf(scopes: readonly Scope[]): string {
  return scopes.map(writeScope).join(' ')
}
