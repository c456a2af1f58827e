import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import type { Hook, HookKind } from '../spec/runtimeConfig.ts'
import { testProgram } from './testProgram.ts'

// What a container is given, and when: each of these was found wanting by the suites of runc, crun or runtime-tools.
const program = await testProgram()
const { folder, root, call, given } = program
const id = `given-${process.pid}`

afterEach(() => expect(call('delete', '--force', id).stderr).toBe(''))
afterAll(() => program.remove())

describe('variables', () => {
  it.each([
    ['the last of a name counts', ['ONE=1', 'TWO=2', 'ONE='], ['TWO=2', 'ONE=', 'HOME=/root']],
    ['HOME is the user’s where it is empty', ['HOME=/elsewhere', 'HOME='], ['HOME=/root']],
    ['HOME is kept where it is given', ['HOME=', 'HOME=/elsewhere'], ['HOME=/elsewhere']],
  ])('%s', async (_, env, expected) => {
    await given(['/bin/env'], config => {
      config.process!.env = env
    })
    mkdirSync(join(program.bundle, 'rootfs/etc'))
    writeFileSync(join(program.bundle, 'rootfs/etc/passwd'), 'root:x:0:0::/root:/bin/sh\n')
    expect(call('run', id).stdout).toBe(`${expected.join('\n')}\n`)
  })
})

describe('a terminal', () => {
  it('leaves the ends of lines to the last one, and there is none', async () => {
    await given(['sh', '-c', 'test -t 1 && echo one; echo two'], config => {
      config.process!.terminal = true
    })
    expect(call('run', id)).toMatchObject({ status: 0, stdout: 'one\ntwo\n' })
  })
})

describe('hooks', () => {
  const told = join(folder, 'told')
  const hook = (script: string, more: Partial<Hook> = {}): Hook => ({
    path: '/bin/sh',
    args: ['sh', '-c', script],
    ...more,
  })
  const withHooks = (hooks: Partial<Record<HookKind, Hook[]>>, args = ['true']) =>
    given(args, config => {
      config.hooks = hooks
      config.process!.env = ['PATH=/bin', 'OWN=mine']
    })
  afterEach(() => rmSync(told, { force: true }))

  it.each<HookKind>(['prestart', 'createRuntime', 'createContainer', 'poststart', 'poststop'])(
    '%s is run in the bundle, with the runtime’s variables, unless it has its own',
    async kind => {
      const tell = `echo "$PWD $FROM_OUTSIDE $OWN" >> ${told}`
      await withHooks({ [kind]: [hook(tell), hook(tell, { env: ['OWN=other'] })] }, ['sleep', '1000'])
      expect(call('run', '--detach', id)).toMatchObject({ status: 0 })
      expect(call('delete', '--force', id)).toMatchObject({ status: 0 })
      expect(readFileSync(told, 'utf8')).toBe(`${program.bundle} yes \n${program.bundle}  other\n`)
    },
  )

  it('createContainer sees what is mounted in the rootfs', async () => {
    await withHooks({ createContainer: [hook('test -e rootfs/proc/self')] })
    expect(call('run', id)).toMatchObject({ status: 0, stderr: '' })
  })

  it('startContainer has the program’s variables', async () => {
    await withHooks({ startContainer: [hook('test "$OWN$FROM_OUTSIDE" = mine')] })
    expect(call('run', id)).toMatchObject({ status: 0, stderr: '' })
  })

  it.each<HookKind>(['startContainer', 'poststart'])('%s that fails ends the container', async kind => {
    await withHooks({ [kind]: [hook('exit 3')], poststop: [hook(`echo after >> ${told}`)] }, ['sleep', '1000'])
    expect(call('create', id).status).toBe(0)
    expect(call('start', id)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining(`error running ${kind} hook #0: exit status 3`),
    })
    expect(call('state', id).status).toBe(1)
    expect(readFileSync(told, 'utf8')).toBe('after\n')
  })

  it('poststop that fails is a warning, and keeps no other back', async () => {
    await withHooks({ poststop: [hook('exit 3'), hook(`echo second >> ${told}`)] })
    const { status, stderr } = call('run', id)
    expect(stderr).toMatch(/^time="[^"]+" level=warning msg="error running poststop hook #0: exit status 3"\n$/)
    expect(status).toBe(0)
    expect(readFileSync(told, 'utf8')).toBe('second\n')
  })
})

describe('devices', () => {
  it('may have a slash at the end of their path', async () => {
    await given(['ls', '-l', '/dev/mine'], config => {
      config.linux!.devices = [{ path: '/dev//mine/', type: 'c', major: 1, minor: 3, fileMode: 0o600 }]
    })
    expect(call('run', id).stdout).toMatch(/^crw------- .* 1, +3 .* \/dev\/mine\n$/)
  })

  it('of the host keep their owner, also where a container has none of its own', async () => {
    await given(['true'], config => {
      config.process!.user = { uid: 1000, gid: 1000 }
      config.linux!.namespaces = config.linux!.namespaces!.filter(({ type }) => type !== 'mount')
      config.mounts = []
      Object.assign(config.linux!, { maskedPaths: undefined, readonlyPaths: undefined })
    })
    const owner = () => spawnSync('stat', ['-c', '%u', '/dev/null'], { encoding: 'utf8' }).stdout
    const before = owner()
    const { status } = call('run', id)
    expect({ status, owner: owner() }).toEqual({ status: 0, owner: before })
  })
})

describe('exec', () => {
  it('says which file could not be run, and why', async () => {
    await given(['sleep', '1000'])
    const script = join(program.bundle, 'rootfs/script')
    writeFileSync(script, '#!/nonesuch\n')
    chmodSync(script, 0o755)
    call('run', '--detach', id)
    expect(call('exec', id, '/script').stderr).toContain('exec /script: no such file or directory')
    expect(call('exec', id, '/nonesuch').stderr).toContain('stat /nonesuch: no such file or directory')
    expect(call('exec', id, 'nonesuch').stderr).toContain('executable file not found in $PATH')
  })

  it('--cap is ambient only where the container’s own program has inheritable ones', async () => {
    const own = ['CAP_CHOWN']
    for (const [inheritable, ambient] of [
      [undefined, '0000000000000000'],
      [['CAP_CHOWN', 'CAP_SYSLOG'], '0000000400000001'],
    ] as const) {
      await given(['sleep', '1000'], config => {
        const given = inheritable && { inheritable: [...inheritable], ambient: own }
        config.process!.capabilities = { bounding: [...own, 'CAP_SYSLOG'], effective: own, permitted: own, ...given }
      })
      call('run', '--detach', id)
      expect(call('exec', '--cap', 'CAP_SYSLOG', id, 'cat', '/proc/self/status').stdout).toContain(
        `CapAmb:\t${ambient}`,
      )
      call('delete', '--force', id)
    }
  })
})

describe('the command line', () => {
  it('refuses descriptors that are not open', () => {
    expect(call('run', '--preserve-fds', '9', id)).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/unable to stat preserved-fd 8 \(of 9\)/),
    })
  })

  it('keeps the descriptors it was given, and none of its own', async () => {
    await given(['ls', '/proc/self/fd'])
    const line = `exec 5</dev/zero; "$0" --root ${root} run --preserve-fds 3 ${id}`
    const { stdout } = spawnSync('bash', ['-c', line, join(folder, 'ocirun')], {
      cwd: program.bundle,
      encoding: 'utf8',
    })
    // 3 is where ls reads the folder.
    expect(stdout).toBe('0\n1\n2\n3\n5\n')
  })

  it('does nothing that it could not log', async () => {
    await given(['sh', '-c', 'echo done'])
    expect(call('--log', '/nonesuch/log', 'run', id)).toMatchObject({ status: 1, stdout: '' })
  })

  it('--debug tells each step, where the log is', async () => {
    await given(['true'])
    const log = join(folder, 'log')
    expect(call('--debug', '--log', log, '--log-format', 'json', 'run', id)).toMatchObject({ status: 0, stderr: '' })
    const lines = readFileSync(log, 'utf8')
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(new Set(lines.map(({ level }) => level))).toEqual(new Set(['debug']))
    expect(lines.map(({ msg }) => msg)).toContainEqual(
      expect.stringMatching(/^step \d+ of \d+: mount -t proc proc \/proc$/),
    )
    expect(existsSync(join(root, id))).toBe(false)
  })
})
