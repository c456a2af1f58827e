import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, rmdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { hierarchies } from './cgroup/hierarchy.ts'
import { testProgram } from './testProgram.ts'

// What the suites of runc found wanting in mounts, signals, cgroups and the command line.
const program = await testProgram()
const { folder, call, given } = program
const id = `found-${process.pid}`
const inRootfs = (path: string) => join(program.bundle, 'rootfs', path)

afterEach(() => expect(call('delete', '--force', id).stderr).toBe(''))
afterAll(() => program.remove())

describe('mounts', () => {
  it('a /dev and a tmpfs that are read-only are so when they are furnished', async () => {
    await given(
      ['sh', '-c', 'ls /dev/null /dev/pts/ptmx /t/below; echo > /dev/x; echo > /t/x; echo > /t/below/x'],
      config => {
        config.mounts!.find(({ destination }) => destination === '/dev')!.options!.push('ro')
        config.mounts!.push({ destination: '/t', type: 'tmpfs', source: 'tmpfs', options: ['ro'] })
        config.mounts!.push({ destination: '/t/below', type: 'tmpfs', source: 'tmpfs' })
      },
    )
    const { stdout, stderr } = call('run', id)
    expect(stdout).toBe('/dev/null\n/dev/pts/ptmx\n\n/t/below:\n')
    expect(stderr).toMatch(/\/dev\/x: Read-only file system\n.*\/t\/x: Read-only file system\n$/)
  })

  it('a file is bound where a link of the image leads, though nothing is there yet', async () => {
    await given(['cat', '/etc/resolv.conf', '/run/resolve/conf'], config => {
      config.mounts!.push({
        destination: '/etc/resolv.conf',
        type: 'bind',
        source: join(folder, 'conf'),
        options: ['bind'],
      })
    })
    writeFileSync(join(folder, 'conf'), 'nameserver\n')
    mkdirSync(inRootfs('etc'))
    symlinkSync('../run/resolve/../resolve/conf', inRootfs('etc/resolv.conf'))
    expect(call('run', id)).toMatchObject({ status: 0, stdout: 'nameserver\nnameserver\n' })
  })

  it('a link that leads to itself is an error', async () => {
    await given(['true'], config => {
      config.mounts!.push({ destination: '/etc/loop', type: 'bind', source: '/etc/hosts', options: ['bind'] })
    })
    mkdirSync(inRootfs('etc'))
    symlinkSync('loop', inRootfs('etc/loop'))
    expect(call('run', id)).toMatchObject({ status: 1, stderr: expect.stringContaining('ELOOP') })
  })

  it('a tmpfs has the mode of the folder it covers, unless it says another', async () => {
    await given(['/bin/busybox', 'stat', '-c', '%a', '/same', '/other', '/new'], config => {
      for (const [destination, options] of [
        ['/same', []],
        ['/other', ['mode=700']],
        ['/new', []],
      ] as const)
        config.mounts!.push({ destination, type: 'tmpfs', source: 'tmpfs', options: [...options] })
    })
    for (const name of ['same', 'other']) mkdirSync(inRootfs(name))
    chmodSync(inRootfs('same'), 0o2710)
    expect(call('run', id).stdout).toBe('2710\n700\n1777\n')
  })
})

describe('programs', () => {
  it('may be run by whose capabilities say so', async () => {
    const may = ['CAP_DAC_OVERRIDE']
    await given(['/bin/true'], config => {
      config.process!.user = { uid: 1000, gid: 1000 }
      config.process!.capabilities = { bounding: may, effective: may, permitted: may, inheritable: may, ambient: may }
    })
    chmodSync(inRootfs('bin'), 0o700)
    expect(call('run', id)).toMatchObject({ status: 0, stderr: '' })
  })

  it('of an exec have the container’s personality', async () => {
    await given(['sleep', '1000'], config => {
      config.linux!.personality = { domain: 'LINUX32' }
    })
    call('run', '--detach', id)
    expect(call('exec', id, '/bin/busybox', 'uname', '-m').stdout).toMatch(/^(i686|armv8l)\n$/)
  })

  it('of an exec are root’s where process.json says no more', async () => {
    await given(['sleep', '1000'])
    call('run', '--detach', id)
    const process = join(folder, 'process.json')
    writeFileSync(process, JSON.stringify({ args: ['id', '-u'], cwd: '/', env: ['PATH=/bin'], capabilities: null }))
    expect(call('exec', '--process', process, id)).toMatchObject({ status: 0, stdout: '0\n' })
  })
})

describe('a program that cannot be run', () => {
  it.each([
    ['is told where it is the container’s own', false],
    ['is told where it has a terminal', true],
  ])('%s', async (_, terminal) => {
    await given(['/script'], config => {
      config.process!.terminal = terminal
    })
    writeFileSync(inRootfs('script'), '#!/nonesuch\n', { mode: 0o755 })
    expect(call('run', id)).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/exec \/script: no such file or directory"\n$/),
    })
  })
})

it('a startContainer hook has the program’s filter', async () => {
  await given(['true'], config => {
    config.hooks = { startContainer: [{ path: '/bin/busybox', args: ['mkdir', '/made'] }] }
    const refused = { names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 118 }
    config.linux!.seccomp = { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [refused] }
    config.root!.readonly = false
  })
  expect(call('run', id)).toMatchObject({ status: 1, stderr: expect.stringContaining('Not a XENIX named type file') })
})

it('one that waits to be started hears of TERM', async () => {
  await given(['true'])
  expect(call('create', id).status).toBe(0)
  expect(call('kill', id, 'TERM')).toMatchObject({ status: 0 })
  await expect.poll(() => JSON.parse(call('state', id).stdout).status, { timeout: 30_000 }).toBe('stopped')
})

describe('what is not ours', () => {
  /** A process in a cgroup of that name, as it would be the container's. */
  async function stranger(): Promise<{ pid: number; end(): Promise<void> }> {
    const [{ mountpoint, own }] = hierarchies().filter(
      ({ controllers }) => controllers.includes('freezer') || controllers.length === 0,
    ) as [ReturnType<typeof hierarchies>[number]]
    const group = join(mountpoint, own, id)
    mkdirSync(group)
    const sleeper = spawn('sleep', ['1000'])
    const ended = new Promise<void>(resolve => sleeper.once('exit', () => resolve()))
    writeFileSync(join(group, 'cgroup.procs'), `${sleeper.pid}`)
    return {
      pid: sleeper.pid!,
      async end() {
        sleeper.kill('SIGKILL')
        await ended
        rmdirSync(group)
      },
    }
  }
  const runs = (pid: number) => /^State:\t[RS]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))

  it('is left alone when its name is asked for', async () => {
    await given(['true'])
    const other = await stranger()
    try {
      expect(call('delete', '--force', id)).toMatchObject({ status: 0 })
      expect(call('run', id)).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('is not empty: 1 process(es) found'),
      })
      expect(call('delete', '--force', id)).toMatchObject({ status: 0 })
      expect(runs(other.pid)).toBe(true)
    } finally {
      await other.end()
    }
  })
})

it('what a container without processes of its own has left hears of KILL', async () => {
  const told = join(folder, 'pid')
  await given(['sh', '-c', 'sleep 1000 & echo $! > /told/pid'], config => {
    config.linux!.namespaces = config.linux!.namespaces!.filter(({ type }) => type !== 'pid')
    config.mounts!.push({ destination: '/told', type: 'bind', source: folder, options: ['bind'] })
  })
  expect(call('run', '--detach', id).status).toBe(0)
  await expect.poll(() => JSON.parse(call('state', id).stdout).status, { timeout: 30_000 }).toBe('stopped')
  expect(call('kill', id, 'TERM')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('container not running'),
  })
  expect(call('kill', id, 'KILL')).toMatchObject({ status: 0 })
  const state = () => {
    try {
      return readFileSync(`/proc/${readFileSync(told, 'utf8').trim()}/status`, 'utf8')
    } catch {
      return 'gone'
    }
  }
  await expect.poll(state, { timeout: 30_000 }).toMatch(/^gone$|^State:\tZ/m)
})

it('an exec enters a cgroup below the container’s own, where it is there', async () => {
  await given(['sleep', '1000'])
  call('run', '--detach', id)
  const { pid } = JSON.parse(call('state', id).stdout)
  const trees = hierarchies(pid).filter(({ own }) => own.endsWith(`/${id}`))
  for (const { mountpoint, own, controllers } of trees) {
    const above = join(mountpoint, own)
    mkdirSync(join(above, 'below'))
    // A cpuset of v1 takes nobody before it has these.
    for (const file of controllers.includes('cpuset') ? ['cpuset.cpus', 'cpuset.mems'] : [])
      writeFileSync(join(above, 'below', file), readFileSync(join(above, file)))
  }
  const { stdout } = call('exec', '--cgroup', 'below', id, 'cat', '/proc/self/cgroup')
  for (const { own } of trees) expect(stdout).toContain(`:${own}/below\n`)
  expect(call('exec', '--cgroup', 'nonesuch', id, 'true')).toMatchObject({
    status: 255,
    stderr: expect.stringContaining('ENOENT'),
  })
})

describe('the command line', () => {
  it('takes members that are null for absent', async () => {
    await given(['true'])
    const file = join(program.bundle, 'config.json')
    const config = JSON.parse(readFileSync(file, 'utf8'))
    const nothing = { hooks: null, domainname: null, linux: { ...config.linux, sysctl: null, timeOffsets: null } }
    writeFileSync(file, JSON.stringify({ ...config, ...nothing }))
    expect(call('run', id)).toMatchObject({ status: 0, stderr: '' })
  })

  it('takes flags behind the id, where no program’s own can follow', async () => {
    await given(['sleep', '1000'])
    expect(call('run', id, '--detach').status).toBe(0)
    expect(call('update', id, '--pids-limit', '20')).toMatchObject({ status: 0, stderr: '' })
    expect(call('exec', id, 'ls', '-d', '/').stdout).toBe('/\n')
  })

  it.each([
    ['checkpoint', '--image-path', '/x', id],
    ['restore', '--detach', id],
    ['--systemd-cgroup', 'create', id],
  ])('%s is refused', (...args) => {
    expect(call(...args)).toMatchObject({ status: 1, stderr: expect.stringContaining('not supported') })
  })

  it.each([
    'checkpoint',
    'create',
    'delete',
    'events',
    'exec',
    'features',
    'kill',
    'list',
    'pause',
    'ps',
    'restore',
    'resume',
    'run',
    'spec',
    'start',
    'state',
    'update',
  ])('%s has runc’s flags and tells of them', verb => {
    const runc = execFileSync('runc', [verb, '--help'], { encoding: 'utf8' })
    const { status, stdout } = call(verb, '--help')
    const flagsOf = (help: string) => [...help.matchAll(/^ {3}(--[\w-]+)/gm)].map(([, flag]) => flag!)
    expect(status).toBe(0)
    expect(stdout).toMatch(new RegExp(`^NAME:\\n {3}ocirun ${verb} - `))
    const given = flagsOf(stdout)
    expect(flagsOf(runc).filter(flag => !given.includes(flag))).toEqual([])
  })
})
