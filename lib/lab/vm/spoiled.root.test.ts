import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { PROGRAM } from '../../package.ts'

const folder = fileURLToPath(new URL('../../../lab-vm', import.meta.url))
const scratch = mkdtempSync(join(tmpdir(), 'ocilab-spoiled-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

interface Ended {
  readonly status: unknown
  readonly said: string
}

/** Runs it in mounts of its own, where `before` may spoil the machine for it; what it says, and its exit code. */
function spoiled(before: string, command: string, env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const script = `set -e; ${before || ':'}; exec ${command}`
  const own = ['--mount', '--propagation', 'private', 'bash', '-c', script]
  return new Promise(resolve =>
    execFile('unshare', own, { cwd: folder, env: { ...process.env, ...env }, timeout: 30_000 }, (error, out, err) =>
      resolve({ status: error ? error.code : 0, said: `${out}${err}`.trim() }),
    ),
  )
}

const nobody = 'setpriv --reuid=65534 --regid=65534 --clear-groups'
const system = (text: string) => {
  const path = join(scratch, `os-${Buffer.from(text).toString('hex').slice(0, 30)}`)
  writeFileSync(path, text)
  return `mount --bind ${path} $(readlink -f /etc/os-release)`
}

describe('provision.sh on a machine that is not right', () => {
  it.each<[string, string, string, RegExp]>([
    ['an ordinary user', '', `${nobody} ./provision.sh`, /needs root \(try: sudo .*provision\.sh\)/],
    [
      'another system',
      system('ID=fedora\nVERSION_ID=44\nPRETTY_NAME="Fedora 44"\n'),
      './provision.sh',
      /Debian 12 and 13 \(got Fedora 44\)/,
    ],
    [
      'an older Debian',
      system('ID=debian\nVERSION_ID=11\nPRETTY_NAME="Debian 11"\n'),
      './provision.sh',
      /Debian 12 and 13 \(got Debian 11\)/,
    ],
    [
      'no checkout',
      '',
      'env OCILAB_SOURCE=/nowhere ./provision.sh',
      /no ocilab in \/nowhere \(want its checkout; set OCILAB_SOURCE\)/,
    ],
    [
      'a full disk',
      'mount -t tmpfs -o size=9m tmpfs /opt',
      './provision.sh',
      /too little room on \/opt\/ocilab \(want 1500 MB, got 9 MB; make room, and run this again: it goes on where it was\)/,
    ],
    [
      'another one at work',
      'mount -t tmpfs tmpfs /opt; mount -t tmpfs tmpfs /run/lock; flock /run/lock/ocilab-provision sleep 5 >/dev/null 2>&1 & sleep 0.5',
      './provision.sh',
      /another provision\.sh is at work \(wait for it\)/,
    ],
  ])('%s: says so, and what to do', async (_, before, command, says) => {
    const { status, said } = await spoiled(before, command)
    expect(said).toMatch(says)
    expect(said.split('\n')).toHaveLength(1)
    expect(status).toBe(1)
  })

  it('a pack for another Debian is not begun with', async () => {
    const source = join(scratch, 'source')
    mkdirSync(join(source, 'lab-vm/pack'), { recursive: true })
    writeFileSync(join(source, 'lab-vm/setup.mjs'), '')
    writeFileSync(join(source, 'lab-vm/pack/for'), 'sid amd64\n')
    const { status, said } = await spoiled('mount -t tmpfs -o size=2g tmpfs /opt', './provision.sh', {
      OCILAB_SOURCE: source,
    })
    expect(said).toMatch(
      /lab-vm\/pack is for sid amd64, and this is \w+ \w+ \(make one for it: SUITE=\w+ ocilab pack\)/,
    )
    expect(said).toMatch(/it did not come to its end: run it again, it goes on where it was$/)
    expect(status).toBe(1)
  })
})

describe('qemu.sh', () => {
  const machines = join(scratch, 'machines')
  const state = join(machines, 'bookworm')
  beforeEach(() => {
    rmSync(machines, { recursive: true, force: true })
    mkdirSync(state, { recursive: true })
  })
  const qemu = (args: string, before = '', env: NodeJS.ProcessEnv = {}) =>
    spoiled(before, `./qemu.sh ${args}`, { OCILAB_VM: machines, SUITE: 'bookworm', LAB_PORT: '8888', ...env })

  it.each<[string, string, string, RegExp]>([
    ['no disk yet', 'up', '', /no disk for bookworm yet \(run .*qemu\.sh build\)/],
    ['not up: shell', 'shell', '', /it is not up \(run .*qemu\.sh up\)/],
    ['not up: lab', 'lab', '', /it is not up \(run .*qemu\.sh up\)/],
    ['not up: down', 'down', '', /it is not up/],
    [
      'no room',
      'build',
      `mount -t tmpfs -o size=9m tmpfs ${machines}`,
      /too little room in .*bookworm \(want 6000 MB, got 9 MB; OCILAB_VM=\/another\/folder\)/,
    ],
    [
      'another build',
      'build',
      `flock ${state}/lock sleep 5 >/dev/null 2>&1 & sleep 0.5`,
      /another build is at work in .*bookworm \(wait for it\)/,
    ],
  ])('%s: says so, and what to do', async (_, args, before, says) => {
    const { status, said } = await qemu(args, before)
    expect(said).toMatch(says)
    expect(said.split('\n')).toHaveLength(1)
    expect(status).toBe(1)
  })

  it('build by an ordinary user', async () => {
    const { status, said } = await spoiled('', `${nobody} ./qemu.sh build`, { OCILAB_VM: machines })
    expect(said).toMatch(/build needs root.*\(try sudo\)/)
    expect(status).toBe(1)
  })

  it('a Debian that no lab machine has', async () => {
    const { said } = await qemu('up', '', { SUITE: 'buster' })
    expect(said).toMatch(/no lab machine has Debian buster \(want SUITE=bookworm or SUITE=trixie\)/)
  })

  it.each(['', 'halt', 'up --fast', 'build --twice'])('asked for %j it tells what there is', async args => {
    const { status, said } = await qemu(args)
    expect(said).toContain('qemu.sh up [--throw-away [FILE]]')
    expect(status).toBe(64)
  })

  it('a kernel that is none: qemu says so at once, and nothing is left that looks like a machine', async () => {
    for (const name of ['disk.ext4', 'vmlinuz', 'initrd']) writeFileSync(join(state, name), 'not that')
    const { status, said } = await qemu('up')
    expect(said).toMatch(/no hardware help here \(KVM\): all is emulated, and slow|qemu did not start/)
    expect(said).toMatch(/qemu did not start: .*(kernel|vmlinuz)/)
    expect(status).toBe(1)
    expect((await qemu('down')).said).toMatch(/it is not up/)
  })

  it('the number of a machine that is gone may be anybody’s: that one is left alone', async () => {
    writeFileSync(join(state, 'pid'), `${process.pid}\n`)
    expect((await qemu('down')).said).toMatch(/it is not up/)
  })
})

describe('ocilab vm', () => {
  const vm = (args: string, variable: string) => spoiled('', `env ${variable} ${process.execPath} ${PROGRAM} ${args}`)

  it('lab, on a port that somebody has: names it, and another', async () => {
    const server = createServer()
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const { status, said } = await vm('vm lab', `LAB_PORT=${port}`)
    server.close()
    expect(said).toContain(`127.0.0.1:${port}: taken by another program`)
    expect(said).toContain(`LAB_PORT=${port + 1}`)
    expect(status).toBe(1)
  })

  it('with a port that is none', async () => {
    const { status, said } = await vm('vm lab', 'LAB_PORT=many')
    expect(said).toMatch(/LAB_PORT.*many/)
    expect(said).not.toMatch(/^\s+at /m)
    expect(status).toBe(2)
  })

  it('where nothing makes a machine: tells how to get what does', async () => {
    const { status, said } = await vm('vm up', 'PATH=/nowhere')
    expect(said).toMatch(/nothing here makes a machine/)
    expect(said).toMatch(/apt-get install qemu-system-x86/)
    expect(status).toBe(1)
  })
})

describe('ocilab pack', () => {
  it.each<[string, NodeJS.ProcessEnv, string, RegExp]>([
    [
      'a Debian that no lab machine has',
      { SUITE: 'sid' },
      './pack.sh',
      /no lab machine has sid \(want SUITE=bookworm or SUITE=trixie\)/,
    ],
    ['no such folder', { SUITE: 'bookworm' }, './pack.sh /nowhere/pack.tar', /no folder \/nowhere/],
  ])('%s: says so', async (_, env, command, says) => {
    const { status, said } = await spoiled('', command, env)
    expect(said).toMatch(says)
    expect(status).toBe(1)
  })

  it('no room: says so, and leaves nothing', async () => {
    const { status, said } = await spoiled(
      `mkdir -p ${scratch}/small && mount -t tmpfs -o size=9m tmpfs ${scratch}/small`,
      `bash -c './pack.sh ${scratch}/small/pack.tar || ls ${scratch}/small'`,
      { SUITE: 'bookworm' },
    )
    expect(said).toMatch(/^pack: too little room in .*small \(want 3000 MB, got 9 MB\)$/)
    expect(status).toBe(0)
  })

  it('another Debian is refused by name', async () => {
    const { status, said } = await spoiled('', `${process.execPath} ${PROGRAM} pack --suite buster`)
    expect(said).toMatch(/bookworm, trixie/)
    expect(status).toBe(2)
  })
})
