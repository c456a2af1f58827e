import type { IncomingMessage } from 'node:http'
import { parseBasic, parseBearer, writeChallenge } from '../wire/challenge.ts'
import type { Route } from '../wire/route.ts'
import { type Scope, writeScope } from '../wire/scope.ts'
import { covers, type TokenDesk } from './tokenDesk.ts'
import type { Users } from './users.ts'

/** Who asks, and what they may read. */
export interface Visitor {
  /** Empty for a stranger. */
  readonly user: string
  /** The repositories they may read. */
  readonly readable: readonly string[] | 'all'
}

/** Lets requests in, or says how to get in. */
export interface Guard {
  admit(request: IncomingMessage, wanted: Scope | undefined): Promise<Visitor | undefined>
  /** The `WWW-Authenticate` of a 401. */
  challenge(request: IncomingMessage, wanted: readonly Scope[]): string
}

/** Everybody may do everything. */
export const openDoor: Guard = {
  admit: async () => ({ user: '', readable: 'all' }),
  challenge: () => '',
}

/** A password with every request. RFC 7617. */
export function basicGuard(users: Users, { anonymousPull = false } = {}): Guard {
  return {
    async admit(request, wanted) {
      const shown = parseBasic(request.headers.authorization)
      if (shown === undefined) return anonymousPull && isPull(wanted) ? STRANGER : undefined
      const known = await users(shown.username, shown.password)
      return known ? { user: shown.username, readable: 'all' } : undefined
    },
    challenge: () => writeChallenge({ scheme: 'Basic', parameters: { realm: 'ocilab-registry', charset: 'UTF-8' } }),
  }
}

const STRANGER: Visitor = { user: '', readable: 'all' }

function isPull(wanted: Scope | undefined): boolean {
  return wanted !== undefined && wanted.type === 'repository' && wanted.actions.every(action => action === 'pull')
}

/** A token with every request, which `desk` gives out; `realm` is where. distribution's token.md. */
export function bearerGuard(desk: TokenDesk, realm: (request: IncomingMessage) => string): Guard {
  return {
    async admit(request, wanted) {
      const claims = desk.read(parseBearer(request.headers.authorization))
      if (claims === undefined || (wanted !== undefined && !covers(claims.access, wanted))) return undefined
      const names = claims.access.flatMap(({ type, name }) => (type === 'repository' ? [name] : []))
      return { user: claims.sub, readable: names.filter(name => covers(claims.access, pullOf(name))) }
    },
    challenge(request, wanted) {
      const token = parseBearer(request.headers.authorization)
      const problem = token === undefined ? undefined : desk.read(token) ? 'insufficient_scope' : 'invalid_token'
      return writeChallenge({
        scheme: 'Bearer',
        parameters: {
          realm: realm(request),
          service: desk.service,
          ...(wanted.length > 0 && { scope: wanted.map(writeScope).join(' ') }),
          ...(problem && { error: problem }),
        },
      })
    },
  }
}

/** What would be good to be allowed, too: to mount a blob without a copy, one must be able to read where it is. */
export function furtherScopes(route: Route): Scope[] {
  return route.kind === 'uploads' && route.mount !== undefined && route.from !== undefined ? [pullOf(route.from)] : []
}

function pullOf(name: string): Scope {
  return { type: 'repository', name, actions: ['pull'] }
}

/** What one has to be allowed for a request. distribution's scope.md. */
export function scopeOf(route: Route, method = ''): Scope | undefined {
  if (route.kind === 'base') return undefined
  if (route.kind === 'catalog') return { type: 'registry', name: 'catalog', actions: ['*'] }
  const repository = (...actions: string[]): Scope => ({ type: 'repository', name: route.name, actions })
  if (method === 'GET' || method === 'HEAD') return repository('pull')
  // To give an upload up is no deletion: nothing was there yet.
  if (method === 'DELETE' && route.kind !== 'upload') return repository('delete')
  // Who pushes looks first what is there: clients ask for both in one, and so does the challenge.
  return repository('pull', 'push')
}
