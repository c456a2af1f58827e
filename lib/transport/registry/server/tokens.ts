import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { writeChallenge } from '../wire/challenge.ts'

/** Who may come in: names and passwords. */
export type Users = Record<string, string>

interface Claims {
  service: string
  /** `repository:zengxu/oci-demo-app:pull,push` */
  scopes: string[]
  /** In seconds since 1970. */
  expires: number
}

const LIFE = 300

/** Gives out tokens and looks at them: the registry's door and its porter in one. distribution's token.md. */
export class TokenDesk {
  private readonly secret = randomBytes(32)
  private readonly users: Users
  readonly service: string
  private readonly life: number

  constructor(users: Users, service: string, life = LIFE) {
    this.users = users
    this.service = service
    this.life = life
  }

  /** The challenge of a 401. */
  challenge(realm: string, scope: string | undefined): string {
    return writeChallenge({ scheme: 'Bearer', parameters: { realm, service: this.service, ...(scope && { scope }) } })
  }

  /** The answer to `GET /token?service=…&scope=…` with Basic; undefined for a stranger. */
  issue(request: IncomingMessage, query: URLSearchParams, now = Date.now()): object | undefined {
    if (!this.knows(request.headers.authorization)) return undefined
    const expires = Math.floor(now / 1000) + this.life
    const token = this.sign({
      service: query.get('service') ?? '',
      scopes: query.getAll('scope').flatMap(scope => scope.split(' ')),
      expires,
    })
    return { token, access_token: token, expires_in: this.life, issued_at: new Date(now).toISOString() }
  }

  /** True when the request carries a token of ours that is good for the scope. */
  admits(request: IncomingMessage, scope: string | undefined, now = Date.now()): boolean {
    const claims = this.verify(/^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '')
    if (!claims || claims.service !== this.service || claims.expires * 1000 < now) return false
    return scope === undefined || claims.scopes.some(has => covers(has, scope))
  }

  private knows(authorization = ''): boolean {
    const text = Buffer.from(/^Basic (\S+)$/i.exec(authorization)?.[1] ?? '', 'base64').toString()
    const colon = text.indexOf(':')
    const name = text.slice(0, Math.max(colon, 0))
    return Object.hasOwn(this.users, name) && equal(this.users[name]!, text.slice(colon + 1))
  }

  private sign(claims: Claims): string {
    const body = Buffer.from(JSON.stringify(claims)).toString('base64url')
    return `${body}.${this.mac(body)}`
  }

  private verify(token: string): Claims | undefined {
    const [body = '', mac = ''] = token.split('.')
    if (!equal(this.mac(body), mac)) return undefined
    return JSON.parse(Buffer.from(body, 'base64url').toString()) as Claims
  }

  private mac(body: string): string {
    return createHmac('sha256', this.secret).update(body).digest('base64url')
  }
}

/** `repository:a:pull,push` covers `repository:a:pull`. */
function covers(has: string, wants: string): boolean {
  const cut = (scope: string) =>
    [scope.slice(0, scope.lastIndexOf(':')), scope.slice(scope.lastIndexOf(':') + 1).split(',')] as const
  const [thing, actions] = cut(has)
  const [other, needed] = cut(wants)
  return thing === other && needed.every(action => actions.includes(action) || actions.includes('*'))
}

function equal(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}
