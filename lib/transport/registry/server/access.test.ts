import { createHmac } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hash } from 'bcryptjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseChallenges, writeBasic, writeBearer } from '../wire/challenge.ts'
import type { Scope } from '../wire/scope.ts'
import { parseTokenResponse, writeTokenForm, writeTokenQuery } from '../wire/token.ts'
import { type Claims, readToken, signToken } from './jwt.ts'
import { codeOf, testRegistry } from './testRegistry.ts'
import { covers, TokenDesk } from './tokenDesk.ts'
import { parseHtpasswd, plainUsers } from './users.ts'

const users = { learner: 'hello-oci' }
const basic = writeBasic('learner', 'hello-oci')
const scope = (name: string, ...actions: string[]): Scope => ({ type: 'repository', name, actions })

describe('a registry that asks for tokens', () => {
  const test = testRegistry('memory', { users })
  const { call } = test
  const ask = async (scopes: Scope[], authorization?: string, more = {}) => {
    const query = writeTokenQuery({ service: test.registry.service, scopes, ...more })
    const answer = await call('GET', `/token?${query}`, undefined, authorization ? { authorization } : {})
    return answer.status === 200
      ? parseTokenResponse(new Uint8Array(await answer.arrayBuffer()), 'token')
      : answer.status
  }
  const tokenFor = async (...scopes: Scope[]) => {
    const got = await ask(scopes, basic)
    return writeBearer(typeof got === 'object' ? got.token : '')
  }
  const status = async (path: string, authorization?: string, method = 'GET') =>
    (await call(method, path, undefined, authorization ? { authorization } : {})).status

  it('says where to get one, and for what', async () => {
    const challenge = async (method: string, path: string, authorization?: string) =>
      parseChallenges(
        (await call(method, path, undefined, authorization ? { authorization } : {})).headers.get('www-authenticate') ??
          '',
      )
    const bare = { realm: `${test.registry.url}/token`, service: test.registry.service }
    expect(await challenge('GET', '/v2/')).toEqual([{ scheme: 'Bearer', parameters: bare }])
    const asked = async (method: string, path: string) => (await challenge(method, path))[0]!.parameters.scope
    expect(await asked('GET', '/v2/a/b/tags/list')).toBe('repository:a/b:pull')
    expect(await asked('POST', '/v2/a/blobs/uploads/')).toBe('repository:a:pull,push')
    expect(await asked('DELETE', '/v2/a/manifests/v0')).toBe('repository:a:delete')
    expect(await asked('DELETE', '/v2/a/blobs/uploads/x')).toBe('repository:a:pull,push')
    expect(await asked('GET', '/v2/_catalog')).toBe('registry:catalog:*')
    expect(await asked('POST', '/v2/a/blobs/uploads/?mount=sha256:x&from=c')).toBe(
      'repository:a:pull,push repository:c:pull',
    )
    const other = await tokenFor(scope('b', 'pull'))
    expect((await challenge('GET', '/v2/a/tags/list', other))[0]!.parameters.error).toBe('insufficient_scope')
    expect((await challenge('GET', '/v2/a/tags/list', 'Bearer x'))[0]!.parameters.error).toBe('invalid_token')
  })

  it('gives them to who knows the password', async () => {
    expect(await ask([], undefined)).toBe(401)
    expect(await ask([], writeBasic('learner', 'wrong'))).toBe(401)
    expect(await ask([], writeBasic('toString', 'x'))).toBe(401)
    expect(await ask([], basic)).toMatchObject({ expiresIn: 300 })
  })

  it('a token opens what it was asked for, and nothing else', async () => {
    const token = await tokenFor(scope('a', 'pull'))
    expect(await status('/v2/', token)).toBe(200)
    expect(await status('/v2/a/tags/list', token)).toBe(404)
    expect(await status('/v2/b/tags/list', token)).toBe(401)
    expect(await status('/v2/a/blobs/uploads/', token, 'POST')).toBe(401)
    expect(await status('/v2/a/manifests/x', token, 'DELETE')).toBe(401)
    expect(await status('/v2/_catalog', token)).toBe(401)
    const all = await tokenFor(scope('a', '*'), { type: 'registry', name: 'catalog', actions: ['*'] })
    expect(await status('/v2/a/manifests/x', all, 'DELETE')).toBe(404)
    expect(await status('/v2/_catalog', all)).toBe(200)
  })

  it('a token that is not ours opens nothing', async () => {
    const good = (await tokenFor(scope('a', 'pull'))).slice('Bearer '.length)
    const [header, body, mac] = good.split('.') as [string, string, string]
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as Claims
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const none = encode({ typ: 'JWT', alg: 'none' })
    const forged = encode({ ...claims, access: [scope('b', 'pull')] })
    for (const token of [
      '',
      'x',
      `${header}.${body}`,
      `${header}.${body}.`,
      `${header}.${body}.${mac}x`,
      `${header}.${body}.${mac}.${mac}`,
      `${none}.${body}.`,
      `${none}.${body}.${mac}`,
      `${header}.${forged}.${mac}`,
      `${header}.${body}.${createHmac('sha256', '').update(`${header}.${body}`).digest('base64url')}`,
    ])
      expect([token, await status('/v2/', `Bearer ${token}`)]).toEqual([token, 401])
    expect(await status('/v2/', `Bearer ${good}`)).toBe(200)
    expect(await status('/v2/', basic)).toBe(401)
  })

  it('a blob is not mounted from where the token cannot read', async () => {
    const both = await tokenFor(scope('secret', 'pull', 'push'), scope('mine', 'pull', 'push'))
    const begun = await call('POST', '/v2/secret/blobs/uploads/', undefined, { authorization: both })
    const digest = `sha256:${'2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824'}`
    const put = await call('PUT', `${begun.headers.get('location')}?digest=${digest}`, 'hello', { authorization: both })
    expect(put.status).toBe(201)
    const mount = async (authorization: string, query: string) =>
      (await call('POST', `/v2/mine/blobs/uploads/?mount=${digest}${query}`, undefined, { authorization })).status
    const mine = await tokenFor(scope('mine', 'pull', 'push'))
    expect(await mount(mine, '&from=secret')).toBe(202)
    expect(await mount(mine, '')).toBe(202)
    expect(await mount(both, '&from=secret')).toBe(201)
    expect(await mount(both, '')).toBe(201)
  })

  it('gives another for a refresh token, by OAuth', async () => {
    const got = await ask([], basic, { offline: true })
    const refreshToken = typeof got === 'object' ? got.refreshToken! : ''
    expect(await status('/v2/', writeBearer(refreshToken))).toBe(401)
    const post = (form: URLSearchParams | string, type = 'application/x-www-form-urlencoded') =>
      call('POST', '/token', String(form), { 'content-type': type })
    const request = { service: test.registry.service, scopes: [scope('a', 'pull')], clientId: 'test' }
    const answer = await post(writeTokenForm({ ...request, grant: { refreshToken } }))
    const { token } = parseTokenResponse(new Uint8Array(await answer.arrayBuffer()), 'token')
    expect(await status('/v2/a/tags/list', writeBearer(token))).toBe(404)
    expect((await post(writeTokenForm({ ...request, grant: { refreshToken: token } }))).status).toBe(401)
    expect(
      (await post(writeTokenForm({ ...request, grant: { username: 'learner', password: 'hello-oci' } }))).status,
    ).toBe(200)
    expect((await post(writeTokenForm({ ...request, grant: { username: 'learner', password: '' } }))).status).toBe(401)
    expect((await post('grant_type=magic')).status).toBe(400)
    expect((await post('{}', 'application/json')).status).toBe(400)
    expect((await post('x'.repeat(1 << 20))).status).toBe(413)
    expect((await call('PUT', '/token', 'x')).status).toBe(405)
  })
})

describe('a token', () => {
  const secret = Buffer.from('secret')
  let now = Date.parse('2020-05-01')
  const desk = new TokenDesk({ users: plainUsers(users), service: 'us', life: 60, now: () => now })
  const issue = (service = 'us') => desk.issue({ service, scopes: [] }, { username: 'learner', password: 'hello-oci' })

  it('is good for its time, and not before', async () => {
    const { token } = (await issue())!
    expect(desk.read(token)?.sub).toBe('learner')
    now += 59_000
    expect(desk.read(token)?.sub).toBe('learner')
    now += 1_000
    expect(desk.read(token)).toBeUndefined()
    now -= 24 * 3600_000
    expect(desk.read(token)).toBeUndefined()
  })

  it('is for one service', async () => {
    expect(desk.read((await issue('others'))!.token)).toBeUndefined()
    const another = new TokenDesk({ users: plainUsers(users), service: 'us' })
    expect(another.read((await issue())!.token)).toBeUndefined()
  })

  it('can be read by who has the secret', () => {
    const claims: Claims = {
      iss: 'us',
      sub: 'me',
      aud: 'us',
      iat: 0,
      nbf: 0,
      exp: 1,
      jti: 'x',
      use: 'access',
      access: [],
    }
    expect(readToken(signToken(claims, secret), secret)).toEqual(claims)
    expect(readToken(signToken(claims, secret), Buffer.from('other'))).toBeUndefined()
  })

  it.each<[Scope[], Scope, boolean]>([
    [[scope('a', 'pull', 'push')], scope('a', 'pull'), true],
    [[scope('a', 'pull'), scope('a', 'push')], scope('a', 'pull', 'push'), true],
    [[scope('a', '*')], scope('a', 'delete'), true],
    [[scope('a', 'pull')], scope('a', 'pull', 'push'), false],
    [[scope('a', 'pull')], scope('a/b', 'pull'), false],
    [[{ type: 'registry', name: 'a', actions: ['pull'] }], scope('a', 'pull'), false],
    [[], scope('a', 'pull'), false],
  ])('%j covers %j: %s', (has, wants, whether) => expect(covers(has, wants)).toBe(whether))
})

describe.each(['bearer', 'basic'] as const)('strangers who may pull, by %s', scheme => {
  const { call } = testRegistry('memory', { users, scheme, anonymousPull: true })
  it('do, and no more', async () => {
    const stranger = async (path: string, method = 'GET') => {
      const first = await call(method, path)
      if (first.status !== 401 || scheme === 'basic') return first.status
      const { realm, service, scope } = parseChallenges(first.headers.get('www-authenticate')!)[0]!.parameters
      const answer = await call(
        'GET',
        `${realm}?${new URLSearchParams({ service: service!, ...(scope && { scope }) })}`,
      )
      const { token } = parseTokenResponse(new Uint8Array(await answer.arrayBuffer()), 'token')
      return (await call(method, path, undefined, { authorization: writeBearer(token) })).status
    }
    expect(await stranger('/v2/a/tags/list')).toBe(404)
    expect(await stranger('/v2/a/blobs/uploads/', 'POST')).toBe(401)
    expect(await stranger('/v2/_catalog')).toBe(401)
  })
})

describe('users of an htpasswd file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ocilab-htpasswd-'))
  const file = join(folder, 'htpasswd')
  let first: string
  beforeAll(async () => {
    first = await hash('hello-oci', 4)
    writeFileSync(file, `# users\n\nlearner:${first}\n`)
  })
  afterAll(() => rmSync(folder, { recursive: true }))
  const { call } = testRegistry('memory', { htpasswd: file, scheme: 'basic' })
  const status = async (authorization?: string) =>
    (await call('GET', '/v2/', undefined, authorization ? { authorization } : {})).status

  it('come in by their password, until the file says otherwise', async () => {
    const stranger = await call('GET', '/v2/')
    expect([stranger.status, await codeOf(stranger)]).toEqual([401, 'UNAUTHORIZED'])
    expect(parseChallenges(stranger.headers.get('www-authenticate')!)[0]!.scheme).toBe('Basic')
    for (let i = 0; i < 3; i++) expect(await status(basic)).toBe(200)
    expect(await status(writeBasic('learner', 'wrong'))).toBe(401)
    expect(await status(writeBasic('nobody', 'hello-oci'))).toBe(401)
    expect(await status('Basic !')).toBe(401)
    writeFileSync(file, `learner:${await hash('changed-password', 4)}\nother:${first}\n`)
    expect(await status(basic)).toBe(401)
    expect(await status(writeBasic('other', 'hello-oci'))).toBe(200)
  })

  it.each(['learner', 'learner:{SHA}x', 'learner:plain', ':x', `a:${'$2y$05$'}short`])('%j is no line of one', line =>
    expect(() => parseHtpasswd(`# x\n${line}`, 'file')).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(/^file:2: /) }),
    ),
  )
})
