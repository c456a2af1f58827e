import { describe, expect, it } from 'vitest'
import { parseScopes, type Scope, writeScope } from './scope.ts'
import {
  parseTokenForm,
  parseTokenQuery,
  parseTokenResponse,
  type TokenRequest,
  type TokenResponse,
  writeTokenForm,
  writeTokenQuery,
  writeTokenResponse,
} from './token.ts'

describe('scopes', () => {
  it.each<Scope>([
    { type: 'repository', name: 'zengxu/oci-demo-app', actions: ['pull', 'push'] },
    { type: 'repository', name: 'example.com:8080/x', actions: ['pull'] },
    { type: 'registry', name: 'catalog', actions: ['*'] },
  ])('%j', scope => expect(parseScopes(writeScope(scope))).toEqual([scope]))
  it('several, with garbage between them', () =>
    expect(parseScopes('repository:a:pull  x :: repository(plugin):b:push').map(it => it.name)).toEqual(['a', 'b']))
})

const scopes: Scope[] = [
  { type: 'repository', name: 'a/b', actions: ['pull'] },
  { type: 'repository', name: 'c', actions: ['pull', 'push'] },
]

describe('what is asked of a token server', () => {
  it.each<TokenRequest>([
    { service: 's', scopes, clientId: 'docker', account: 'me', offline: true },
    { service: undefined, scopes: [], clientId: undefined, account: undefined, offline: false },
  ])('by GET: %j', request => expect(parseTokenQuery(writeTokenQuery(request))).toEqual(request))
  it.each<TokenRequest>([
    { service: 's', scopes, clientId: 'docker', offline: true, grant: { username: 'me', password: 'p&=' } },
    { service: 's', scopes: [], clientId: 'docker', offline: false, grant: { refreshToken: 't' } },
  ])('by POST: %j', request => expect(parseTokenForm(writeTokenForm(request))).toEqual(request))
  it('by another grant', () =>
    expect(() => parseTokenForm(new URLSearchParams('grant_type=x'))).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED' }),
    ))
})

describe('what it answers', () => {
  it.each<TokenResponse>([{ token: 't' }, { token: 't', expiresIn: 60, issuedAt: new Date(0), refreshToken: 'r' }])(
    '%j',
    response => expect(parseTokenResponse(Buffer.from(writeTokenResponse(response)), 'token')).toEqual(response),
  )
  it.each(['{}', 'null', '[]', 'x', '{"token":""}', '{"token":1}'])('%s is no token', text =>
    expect(() => parseTokenResponse(Buffer.from(text), 'token')).toThrow(
      expect.objectContaining({ code: 'UNAUTHORIZED' }),
    ),
  )
  it('OAuth’s name will do', () =>
    expect(parseTokenResponse(Buffer.from('{"access_token":"x"}'), 'token')).toEqual({ token: 'x' }))
})
