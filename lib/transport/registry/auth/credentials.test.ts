import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testFolder } from '../../testImages.ts'
import { type RunningRegistry, startRegistry } from '../server/server.ts'
import { findCredentials } from './credentials.ts'
import { login, logout } from './login.ts'

const folder = testFolder()
let count = 0
/** A home with these files, and a credential helper on the PATH that keeps what it is given in a file. */
function home(files: Record<string, object | string> = {}): NodeJS.ProcessEnv & { HOME: string } {
  const HOME = join(folder, String(count++))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(HOME, name)), { recursive: true })
    writeFileSync(join(HOME, name), typeof content === 'string' ? content : JSON.stringify(content))
  }
  mkdirSync(join(HOME, 'bin'), { recursive: true })
  const program = join(HOME, 'bin/docker-credential-test')
  writeFileSync(
    program,
    `#!/bin/sh
case $1 in
get) read -r server; cat "$HOME/kept" 2>/dev/null | grep -F "\\"$server\\"" || { echo "credentials not found in native keychain"; exit 1; } ;;
store) cat >> "$HOME/kept"; echo >> "$HOME/kept" ;;
erase) rm -f "$HOME/kept" ;;
esac
`,
  )
  chmodSync(program, 0o755)
  return { HOME, PATH: `${join(HOME, 'bin')}:${process.env.PATH}` }
}

const entry = (text: string, more: object = {}) => ({ auth: Buffer.from(text).toString('base64'), ...more })
const DOCKER = '.docker/config.json'
const PODMAN = '.config/containers/auth.json'
const kept = (server: string, user: string) => `{"ServerURL":"${server}","Username":"${user}","Secret":"s"}\n`

describe('credentials are found', () => {
  it.each<[string, Record<string, object | string>, string, string, string | undefined]>([
    ['in docker’s file', { [DOCKER]: { auths: { 'r.io': entry('u:p:q') } } }, 'r.io', 'a', 'u p:q'],
    ['with a port', { [DOCKER]: { auths: { 'localhost:5000': entry('u:p') } } }, 'localhost:5000', 'a', 'u p'],
    ['under an address', { [DOCKER]: { auths: { 'https://r.io/v1/': entry('u:p') } } }, 'r.io', 'a', 'u p'],
    [
      'of Docker Hub',
      { [DOCKER]: { auths: { 'https://index.docker.io/v1/': entry('u:p') } } },
      'docker.io',
      'a',
      'u p',
    ],
    [
      'in podman’s before docker’s',
      { [DOCKER]: { auths: { 'r.io': entry('u:p') } }, [PODMAN]: { auths: { 'r.io': entry('v:p') } } },
      'r.io',
      'a',
      'v p',
    ],
    [
      'of the longest name',
      { [PODMAN]: { auths: { 'r.io': entry('u:p'), 'r.io/a': entry('v:p'), 'r.io/a/b': entry('w:p') } } },
      'r.io',
      'a/b/c',
      'w p',
    ],
    ['not of a name that only begins so', { [PODMAN]: { auths: { 'r.io/a': entry('v:p') } } }, 'r.io', 'ab', undefined],
    [
      'as identity token',
      { [DOCKER]: { auths: { 'r.io': entry('u:', { identitytoken: 't' }) } } },
      'r.io',
      'a',
      'u  t',
    ],
    ['in the store', { [DOCKER]: { credsStore: 'test' }, kept: kept('r.io', 'u') }, 'r.io', 'a', 'u s'],
    ['in the store, as token', { [DOCKER]: { credsStore: 'test' }, kept: kept('r.io', '<token>') }, 'r.io', 'a', '  s'],
    [
      'in its own helper',
      { [DOCKER]: { credHelpers: { 'r.io': 'test' } }, kept: kept('r.io', 'u') },
      'r.io',
      'a',
      'u s',
    ],
    ['nowhere', { [DOCKER]: { auths: {}, credsStore: 'test' } }, 'r.io', 'a', undefined],
    ['nowhere at all', {}, 'r.io', 'a', undefined],
    ['not in an empty entry', { [DOCKER]: { auths: { 'r.io': {} } } }, 'r.io', 'a', undefined],
  ])('%s', (_name, files, domain, path, want) => {
    const found = findCredentials(domain, path, home(files))
    const shown =
      found && [found.username, found.password, found.identityToken].filter(it => it !== undefined).join(' ')
    expect(shown).toBe(want)
  })

  it.each<[string, object | string, string]>([
    ['a helper that is not there', { credsStore: 'nonesuch' }, 'TOOL_MISSING'],
    ['a file that is no JSON', '{', 'CONFIG_INVALID'],
    ['a file that is a list', '[]', 'CONFIG_INVALID'],
  ])('not past %s', (_name, content, code) => {
    expect(() => findCredentials('r.io', 'a', home({ [DOCKER]: content }))).toThrow(expect.objectContaining({ code }))
  })
})

describe('login', () => {
  let registry: RunningRegistry
  beforeAll(async () => {
    registry = await startRegistry({ users: { learner: 'secret' } })
  })
  afterAll(() => registry.close())
  const good = { username: 'learner', password: 'secret' }
  const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'))

  it('keeps what is good, beside what is there, for the owner’s eyes', async () => {
    const environment = home({ [DOCKER]: { auths: { 'r.io': entry('u:p') }, detachKeys: 'ctrl-e' } })
    await login(registry.host, good, { environment, insecure: true })
    const path = join(environment.HOME, DOCKER)
    expect(read(path)).toMatchObject({ auths: { 'r.io': entry('u:p') }, detachKeys: 'ctrl-e' })
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(findCredentials(registry.host, 'a', environment)).toEqual(good)
    await logout(registry.host, { environment })
    expect(read(path)).toEqual({ auths: { 'r.io': entry('u:p') }, detachKeys: 'ctrl-e' })
    await expect(logout(registry.host, { environment })).rejects.toMatchObject({ code: 'UNAUTHORIZED' })
  })

  it('keeps nothing that is wrong', async () => {
    const environment = home()
    await expect(
      login(registry.host, { username: 'learner', password: 'wrong' }, { environment, insecure: true }),
    ).rejects.toMatchObject({ code: 'UNAUTHORIZED' })
    expect(findCredentials(registry.host, 'a', environment)).toBeUndefined()
  })

  it('gives it to the helper where there is one', async () => {
    const environment = home({ [DOCKER]: { credsStore: 'test' } })
    await login(registry.host, good, { environment, insecure: true })
    expect(readFileSync(join(environment.HOME, DOCKER), 'utf8')).not.toContain('auth"')
    expect(findCredentials(registry.host, 'a', environment)).toEqual(good)
    await logout(registry.host, { environment })
    expect(findCredentials(registry.host, 'a', environment)).toBeUndefined()
  })

  it('eight at once are all kept', async () => {
    const environment = home()
    const hosts = await Promise.all(Array.from({ length: 8 }, () => startRegistry({ users: { learner: 'secret' } })))
    await Promise.all(hosts.map(({ host }) => login(host, good, { environment, insecure: true })))
    expect(Object.keys(read(join(environment.HOME, DOCKER)).auths)).toHaveLength(8)
    await Promise.all(hosts.map(it => it.close()))
  })
})
