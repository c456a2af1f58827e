import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openBundle } from '../bundle/bundle.ts'
import { testRootfs } from './testBundle.ts'

const NOBODY = 65534
const folder = mkdtempSync(join(tmpdir(), 'ocilab-rootless-'))
const program = join(folder, 'ocirun')
const ids = join(folder, 'subids')

/** What `npm run build` made, where everybody can read it: the checkout may be in a folder of root's. */
function copyProgram(): void {
  const top = fileURLToPath(new URL('../../', import.meta.url))
  for (const name of readdirSync(join(top, 'dist')).filter(name => name.endsWith('.cjs')))
    cpSync(join(top, 'dist', name), join(folder, 'dist', name))
  cpSync(join(top, 'native/build'), join(folder, 'native/build'), { recursive: true })
  copyFileSync(process.execPath, join(folder, 'node'))
  writeFileSync(program, `#!/bin/sh\nexec ${folder}/node ${folder}/dist/ocirun.cjs "$@"\n`, { mode: 0o755 })
}

beforeAll(() => {
  chmodSync(folder, 0o755)
  copyProgram()
  writeFileSync(ids, `${NOBODY}:100000:65536\n`)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.each([
  ['runc', 'runc'],
  ['ocirun', program],
])('an ordinary user, with %s', (name, binary) => {
  const home = join(folder, `user-of-${name}`)
  const bundle = join(home, 'bundle')
  const output = join(home, 'output')
  const root = join(home, 'run', name)

  /** As that user, who has ids of /etc/subuid of a kind that this machine need not have. */
  const call = (...args: string[]) => {
    const user = ['--reuid', `${NOBODY}`, '--regid', `${NOBODY}`, '--clear-groups', '--inh-caps=-all']
    const script = `mount --bind ${ids} /etc/subuid && mount --bind ${ids} /etc/subgid && exec "$@" >${output} 2>&1`
    const { status } = spawnSync(
      'unshare',
      ['--mount', 'sh', '-c', script, 'sh', 'setpriv', ...user, binary, ...args],
      {
        cwd: bundle,
        env: { PATH: process.env.PATH, XDG_RUNTIME_DIR: join(home, 'run'), HOME: home },
        stdio: 'ignore',
        timeout: 30_000,
      },
    )
    return { status, said: execFileSync('cat', [output], { encoding: 'utf8' }) }
  }
  const edit = async (...[change]: Parameters<Awaited<ReturnType<typeof openBundle>>['edit']>) =>
    (await openBundle(bundle)).edit(change)

  beforeAll(async () => {
    mkdirSync(join(home, 'run'), { recursive: true, mode: 0o700 })
    testRootfs(join(bundle, 'rootfs'))
    execFileSync('chown', ['-R', `${NOBODY}:${NOBODY}`, home])
    expect(call('spec', '--rootless')).toEqual({ status: 0, said: '' })
    await edit(config => {
      config.process!.terminal = false
    })
  })
  // After each, not after all: a test that is tried again begins where it began, also when runc itself was in its own way
  // (1.1.5 now and then cannot seal its copy: "could not ensure we are a cloned binary").
  afterEach(() => {
    if (readdirSync(join(home, 'run')).includes(name)) for (const id of readdirSync(root)) call('delete', '--force', id)
  })

  it('runs a program as root of its own', async () => {
    await edit(config => {
      config.process!.args = ['sh', '-c', 'id -u; cat /proc/self/uid_map; exit 3']
    })
    const { status, said } = call('run', 'first')
    expect(said).toMatch(/^0\n\s+0\s+65534\s+1\n$/)
    expect(status).toBe(3)
    expect(readdirSync(root).filter(entry => !entry.startsWith('.'))).toEqual([])
  })

  it('runs another in it, sees it among its own, ends it and deletes it', async () => {
    await edit(config => {
      config.process!.args = ['sleep', '1000']
    })
    expect(call('run', '--detach', 'second')).toEqual({ status: 0, said: '' })
    expect(call('exec', 'second', 'sh', '-c', 'id -u; exit 4')).toEqual({ status: 4, said: '0\n' })
    expect(call('exec', '--user', '5', 'second', 'true').status).toBe(255)
    expect(call('list').said).toMatch(/^second +\d+ +running .* nobody\n/m)
    expect(JSON.parse(call('state', 'second').said)).toMatchObject({ id: 'second', status: 'running', bundle })
    expect(call('pause', 'second').status).toBe(1)
    expect(call('update', '--memory', '64m', 'second').status).toBe(1)
    expect(call('delete', 'second')).toMatchObject({
      status: 1,
      said: expect.stringContaining('is not stopped: running'),
    })
    expect(call('kill', 'second', 'KILL')).toEqual({ status: 0, said: '' })
    await expect.poll(() => JSON.parse(call('state', 'second').said).status, { timeout: 30_000 }).toBe('stopped')
    expect(call('delete', 'second')).toEqual({ status: 0, said: '' })
    expect(call('list', '-q').said).toBe('')
  })

  it('gives the program the ids of /etc/subuid', async () => {
    await edit(config => {
      const mappings = [
        { containerID: 0, hostID: NOBODY, size: 1 },
        { containerID: 1, hostID: 100_000, size: 1000 },
      ]
      Object.assign(config.linux!, { uidMappings: mappings, gidMappings: mappings })
      config.process!.args = ['sh', '-c', 'id -u; id -g']
      config.process!.user = { uid: 7, gid: 8 }
    })
    expect(call('run', 'third')).toEqual({ status: 0, said: '7\n8\n' })
  })

  it('may not have the ids of others', async () => {
    await edit(config => {
      config.linux!.uidMappings = [{ containerID: 0, hostID: 0, size: 10 }]
    })
    const { status, said } = call('run', 'fourth')
    expect(status).toBe(1)
    expect(said).toMatch(name === 'runc' ? /not permitted/ : /linux\.uidMappings: newuidmap refused/)
    expect(call('list', '-q').said).toBe('')
  })
})

it('leaves a state root behind that nobody else can look into', () => {
  chownSync(folder, 0, 0)
  expect(execFileSync('stat', ['-c', '%U %a', join(folder, 'user-of-ocirun/run/ocirun')], { encoding: 'utf8' })).toBe(
    'nobody 711\n',
  )
})
