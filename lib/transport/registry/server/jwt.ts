import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Scope } from '../wire/scope.ts'

/** What a token says. distribution's jwt.md; times are in seconds since 1970. */
export interface Claims {
  /** Who gave it out. */
  iss: string
  /** Who has it; empty for a stranger. */
  sub: string
  /** Which service it is for. */
  aud: string
  iat: number
  nbf: number
  exp: number
  jti: string
  /** `access` opens the registry, `refresh` gets another token: the one will not do for the other. */
  use: 'access' | 'refresh'
  access: readonly Scope[]
}

const HEADER = encode({ typ: 'JWT', alg: 'HS256' })

/** A JSON Web Token, `HEADER.CLAIMS.SIGNATURE`: anybody can read it, and only who has the secret can make one. RFC 7519. */
export function signToken(claims: Claims, secret: Uint8Array): string {
  const signed = `${HEADER}.${encode(claims)}`
  return `${signed}.${signature(signed, secret)}`
}

/** The claims of a token that was signed with the secret; undefined for any other, whatever algorithm it names. */
export function readToken(token: string, secret: Uint8Array): Claims | undefined {
  const [header, body, mac, ...more] = token.split('.')
  // There is one algorithm here, so a token has no say in it: `"alg":"none"` gets nowhere.
  if (header !== HEADER || body === undefined || mac === undefined || more.length > 0) return undefined
  if (!equal(signature(`${header}.${body}`, secret), mac)) return undefined
  return JSON.parse(Buffer.from(body, 'base64url').toString()) as Claims
}

/** Whether two texts are equal, in a time that does not tell where they differ. */
export function equal(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}

function signature(text: string, secret: Uint8Array): string {
  return createHmac('sha256', secret).update(text).digest('base64url')
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
