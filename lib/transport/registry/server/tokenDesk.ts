import { randomBytes, randomUUID } from 'node:crypto'
import type { Scope } from '../wire/scope.ts'
import type { TokenRequest, TokenResponse } from '../wire/token.ts'
import { type Claims, readToken, signToken } from './jwt.ts'
import type { Users } from './users.ts'

export interface TokenDeskOptions {
  users: Users
  service: string
  /** How long a token is good for, in seconds. */
  life?: number
  /** Strangers may pull: as on Docker Hub, they get a token for that. */
  anonymousPull?: boolean
  /** Milliseconds since 1970. */
  now?: () => number
}

const LIFE = 300
const REFRESH_LIFE = 30 * 24 * 3600
// Two machines' clocks differ; a token is good for so much longer, in seconds.
const LEEWAY = 0

/** Gives out tokens and looks at them: the registry's door and its porter in one. distribution's token.md, oauth.md and jwt.md. */
export class TokenDesk {
  readonly service: string
  private readonly secret = randomBytes(32)
  private readonly users: Users
  private readonly life: number
  private readonly anonymousPull: boolean
  private readonly now: () => number

  constructor({ users, service, life = LIFE, anonymousPull = false, now = Date.now }: TokenDeskOptions) {
    this.users = users
    this.service = service
    this.life = life
    this.anonymousPull = anonymousPull
    this.now = now
  }

  /** The answer to somebody who shows a password, a refresh token, or nothing; undefined for who may not come in. */
  async issue(
    request: TokenRequest,
    password: { username: string; password: string } | undefined,
  ): Promise<TokenResponse | undefined> {
    const who = await this.identify(request, password)
    if (who === undefined) return undefined
    const service = request.service ?? this.service
    const now = Math.floor(this.now() / 1000)
    const token = (use: Claims['use'], life: number, access: readonly Scope[]) =>
      signToken(
        {
          iss: this.service,
          sub: who,
          aud: service,
          iat: now,
          nbf: now,
          exp: now + life,
          jti: randomUUID(),
          use,
          access,
        },
        this.secret,
      )
    const response: TokenResponse = {
      token: token('access', this.life, this.granted(who, request.scopes)),
      expiresIn: this.life,
      issuedAt: new Date(now * 1000),
    }
    return request.offline && who !== '' ? { ...response, refreshToken: token('refresh', REFRESH_LIFE, []) } : response
  }

  /** What a token of ours says that is good now; undefined for any other. */
  read(token: string | undefined, use: Claims['use'] = 'access'): Claims | undefined {
    const claims = token === undefined ? undefined : readToken(token, this.secret)
    const now = this.now() / 1000
    if (claims?.use !== use || claims.aud !== this.service) return undefined
    return claims.nbf - LEEWAY <= now && now < claims.exp + LEEWAY ? claims : undefined
  }

  /** The user's name; empty for a stranger who may come in; undefined for who may not. */
  private async identify(
    { grant }: TokenRequest,
    basic: { username: string; password: string } | undefined,
  ): Promise<string | undefined> {
    if (grant && 'refreshToken' in grant) return this.read(grant.refreshToken, 'refresh')?.sub
    const shown = grant ?? basic
    if (shown === undefined) return this.anonymousPull ? '' : undefined
    return (await this.users(shown.username, shown.password)) ? shown.username : undefined
  }

  /** Users get all they ask for; strangers may read repositories. */
  private granted(who: string, scopes: readonly Scope[]): readonly Scope[] {
    if (who !== '') return scopes
    return scopes
      .filter(scope => scope.type === 'repository' && scope.actions.includes('pull'))
      .map(scope => ({ ...scope, actions: ['pull'] }))
  }
}

/** `repository:a:pull,push` covers `repository:a:pull`. */
export function covers(has: readonly Scope[], wants: Scope): boolean {
  return wants.actions.every(action =>
    has.some(
      ({ type, name, actions }) =>
        type === wants.type && name === wants.name && (actions.includes(action) || actions.includes('*')),
    ),
  )
}
