import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually, leftOn, type TestHost, testHost } from '../run/testHost.ts'

let host: TestHost
beforeAll(async () => {
  host = await testHost()
  await host.ocilab('demo', 'tiny', `oci:${host.folder}/image:v0`)
})
afterEach(async () => {
  const { stdout } = await host.ocilab('pod', 'ps', '-q')
  if (stdout.trim() !== '') await host.ocilab('pod', 'rm', '-f', ...stdout.trim().split('\n'))
  await host.ocilab('rm', '-f', 'first')
  await cleared()
})
afterAll(() => host.close())

const image = () => `oci:${host.folder}/image:v0`
const pod = async (verb: string, ...args: string[]) => {
  const { status, stdout, stderr } = await host.ocilab('pod', verb, ...args)
  expect([status, stderr]).toEqual([0, ''])
  return stdout.trim()
}
/** The member that serves. */
const web = (name = 'web') => host.ocilab('run', '-d', '--pod', 'demo', '--name', name, image())
/** A member that waits, and ends at once when it is asked to. */
const waiting = async (name: string) => {
  const words = ['-d', '--pod', 'demo', '--name', name, '--entrypoint', 'sh', image()]
  const started = await host.ocilab('run', ...words, '-c', 'trap "exit 7" TERM; sleep 1000 & wait')
  expect([started.status, started.stderr]).toEqual([0, ''])
}
const inside = async (name: string, line: string) => (await host.ocilab('exec', name, 'sh', '-c', line)).stdout
const curl = (url: string, from = '') => eventually(() => host.sh(`${from} curl -sS --max-time 5 -g ${url}`))
const cleared = () => eventually(async () => expect(await leftOn(host)).toBe(''))
const state = async () => JSON.parse(await pod('inspect', 'demo'))[0].State
const shown = async (name: string) => JSON.parse((await host.ocilab('inspect', name)).stdout)[0]
const pidOf = async (name: string): Promise<number> => (await shown(name)).State.Pid
const sandbox = async (): Promise<string> => JSON.parse(await pod('inspect', 'demo'))[0].InfraContainerID
const namespaces = async (name: string) => {
  const lines = await host.sh(`cd /proc/${await pidOf(name)}/ns && readlink ipc mnt net pid uts`)
  return Object.fromEntries(lines.split('\n').map(line => line.split(':', 2) as [string, string]))
}
const REFUSED: [said: string, words: string[]][] = [
  ['no pod with name or ID nonesuch found', ['run', '--pod', 'nonesuch', 'IMAGE']],
  ['must be defined when the pod is created', ['run', '--pod', 'demo', '-p', '1:1', 'IMAGE']],
  ['network cannot be configured', ['run', '--pod', 'demo', '--network', 'none', 'IMAGE']],
  ['cannot set hostname', ['run', '--pod', 'demo', '-h', 'x', 'IMAGE']],
  ['name "demo" is in use: pod already exists', ['run', '--name', 'demo', 'IMAGE']],
  ['name "demo" is in use: pod already exists', ['pod', 'create', 'demo']],
  ['invalid kernel namespace to share: user', ['pod', 'create', '--share', 'user', 'x']],
  ['invalid pod name (a b)', ['pod', 'create', 'a b']],
  ['invalid hostPort: x', ['pod', 'create', '-p', 'x:80', 'x']],
  ['network nonesuch not found', ['pod', 'create', '--network', 'nonesuch', 'x']],
  ['no such pod', ['pod', 'stop', 'nonesuch']],
]
const NEIGHBOUR = 'wget -q -O - http://localhost:8000/hello'

describe('the network of a pod', () => {
  it('one address, one localhost, and ports that are the pod’s, from wherever one asks', async () => {
    await pod('create', '-p', '8000:8000', 'demo')
    expect(await state()).toBe('Created')
    expect(await web()).toEqual({ status: 0, stdout: expect.stringMatching(/^[0-9a-f]{64}\n$/), stderr: '' })
    await waiting('other')
    expect(await curl('localhost:8000/hello')).toBe('hello world')
    expect(await inside('other', NEIGHBOUR)).toBe('hello world\n')
    expect(await inside('other', 'wget -q -O - http://web:8000/hello http://demo:8000/hello')).toBe(
      'hello world\nhello world\n',
    )
    expect(await curl('10.200.0.2:8000/hello')).toBe('hello world')
    expect(await curl('192.0.2.1:8000/hello', 'ip netns exec outside')).toBe('hello world')
    const line = 'for a in 10.200.0.2 10.200.0.1; do wget -q -O - http://$a:8000/hello; done'
    const alone = await host.ocilab('run', '--rm', '--entrypoint', 'sh', image(), '-c', line)
    expect(alone.stdout).toBe('hello world\nhello world\n')
    expect(await pod('ps')).toMatch(/^POD ID .*# OF CONTAINERS\n[0-9a-f]{12} +demo +Running .* [0-9a-f]{12} +3$/)
    expect(await host.sh('ip -o link | grep -c veth')).toBe('1')
  })
})

describe('what is shared', () => {
  const DEFAULT = ['ipc', 'net', 'uts']
  it.each<[share: string, joined: string[]]>([
    ['ipc,net,uts', DEFAULT],
    ['+pid', ['ipc', 'net', 'pid', 'uts']],
    ['net', ['net']],
    ['none', []],
  ])('--share %s', async (share, joined) => {
    await pod('create', '--share', share, 'demo')
    await waiting('one')
    await waiting('two')
    const all = [await namespaces(await sandbox()), await namespaces('one'), await namespaces('two')]
    for (const type of ['ipc', 'mnt', 'net', 'pid', 'uts'])
      expect([type, new Set(all.map(seen => seen[type])).size]).toEqual([type, joined.includes(type) ? 1 : 3])
    await inside('one', 'echo hi > /dev/shm/x')
    expect(await inside('two', 'cat /dev/shm/x 2>&1')).toMatch(joined.includes('ipc') ? /^hi$/m : /No such file/)
    const named = joined.includes('uts') ? /^demo\ndemo\n$/ : /^([0-9a-f]{12})\n\1\n$/
    expect(await inside('one', 'hostname; cat /etc/hostname')).toMatch(named)
  })

  it('in a shared pid namespace the sandbox is PID 1, and reaps', async () => {
    await pod('create', '--share', '+pid', 'demo')
    await waiting('one')
    expect(await inside('one', 'tr "\\0" " " < /proc/1/cmdline')).toBe('/pause ')
    await inside('one', '(true & exec sleep 0.1) & (sleep 0.2 &)')
    await eventually(async () => expect(await inside('one', 'grep -l "^State:.Z" /proc/[0-9]*/status')).toBe(''))
    // To PID 1 of a namespace a signal comes only when it waits for it.
    await inside('one', 'kill 1')
    await eventually(async () => expect(await state()).toBe('Exited'))
  })

  it('the files of /etc', async () => {
    await pod('create', '--hostname', 'host-of-pod', 'demo')
    await waiting('one')
    await waiting('two')
    const files = 'cat /etc/hosts /etc/resolv.conf /etc/hostname; hostname'
    expect(await inside('one', files)).toBe(await inside('two', files))
    expect(await inside('one', files)).toMatch(
      /^10\.200\.0\.2\thost-of-pod [0-9a-f]{12}-infra\n127\.0\.0\.1\tone\n127\.0\.0\.1\ttwo\n/m,
    )
  })
})

describe('death', () => {
  it('of a member: the others live on, and it comes back to the same localhost', async () => {
    await pod('create', '-p', '8000:8000', 'demo')
    await web()
    await waiting('other')
    const before = await namespaces('web')
    await host.ocilab('kill', 'web')
    await eventually(async () => expect(await state()).toBe('Degraded'))
    expect(await inside('other', `${NEIGHBOUR} 2>&1`)).toContain('refused')
    await host.ocilab('start', 'web')
    expect(await curl('localhost:8000/hello')).toBe('hello world')
    expect(await namespaces('web')).toMatchObject({ net: before.net, ipc: before.ipc, uts: before.uts })
    expect(await state()).toBe('Running')
  })

  it('of the sandbox: members live on with each other, cut off; pod start brings all into a new one', async () => {
    await pod('create', '-p', '8000:8000', 'demo')
    await web()
    await waiting('other')
    await curl('localhost:8000/hello')
    await host.sh(`kill -KILL ${await pidOf(await sandbox())}`)
    await eventually(async () => expect(await state()).toBe('Degraded'))
    expect(await inside('other', NEIGHBOUR)).toBe('hello world\n')
    expect(await inside('other', 'ls /sys/class/net')).toBe('lo\n')
    await expect(host.sh('curl -sS --max-time 5 localhost:8000/hello')).rejects.toThrow()
    await pod('start', 'demo')
    expect(await state()).toBe('Running')
    expect(await curl('localhost:8000/hello')).toBe('hello world')
    // Not by its number, which the kernel gives again: in the old one there was nothing but lo.
    expect(await inside('other', 'ls /sys/class/net')).toBe('eth0\nlo\n')
    expect((await namespaces('web')).net).toBe((await namespaces('other')).net)
  })

  it('of the sandbox, where pid is shared: the kernel ends them all', async () => {
    await pod('create', '--share', '+pid', 'demo')
    await waiting('one')
    await host.sh(`kill -KILL ${await pidOf(await sandbox())}`)
    await eventually(async () => expect(await state()).toBe('Exited'))
    await pod('start', 'demo')
    expect(await state()).toBe('Running')
  })

  it('of every supervisor: stop, start and rm work all the same', async () => {
    await pod('create', '-p', '8000:8000', 'demo')
    await web()
    await host.sh('pkill -KILL -f [s]upervise')
    expect(await state()).toBe('Running')
    await pod('stop', '-t', '1', 'demo')
    expect(await state()).toBe('Exited')
    await pod('start', 'demo')
    expect(await curl('localhost:8000/hello')).toBe('hello world')
    await host.sh('pkill -KILL -f [s]upervise')
    await pod('rm', '-f', 'demo')
  })
})

describe('the life of a pod', () => {
  it('kill, stop, restart, rm', async () => {
    await pod('create', 'demo')
    await waiting('one')
    await waiting('two')
    const refused = await host.ocilab('pod', 'rm', 'demo')
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('cannot be removed without force') })
    await pod('kill', 'demo')
    await eventually(async () => expect(await state()).toBe('Exited'))
    await pod('restart', 'demo')
    expect(await state()).toBe('Running')
    await pod('stop', 'demo')
    expect(await shown('one')).toMatchObject({ State: { Status: 'exited', ExitCode: 7 }, IsInfra: false })
    const infra = await host.ocilab('rm', '-f', await sandbox())
    expect(infra).toMatchObject({ status: 1, stderr: expect.stringContaining('without removing the pod') })
    await host.ocilab('start', 'two')
    expect(await state()).toBe('Degraded')
    await host.ocilab('rm', '-f', 'two')
    await pod('rm', 'demo')
    expect(await pod('rm', '-f', 'demo')).toBe('')
    expect((await host.ocilab('ps', '-aq')).stdout).toBe('')
    expect((await host.ocilab('leaks')).stdout).toBe('none\n')
  })

  it('members that start at the same time start one sandbox', async () => {
    await pod('create', 'demo')
    await Promise.all(['a1', 'b1', 'c1', 'd1'].map(name => waiting(name)))
    const all = await Promise.all(['a1', 'b1', 'c1', 'd1'].map(namespaces))
    expect(new Set(all.map(({ net }) => net)).size).toBe(1)
    expect(await state()).toBe('Running')
  })

  it('what cannot be is said, in podman’s words', async () => {
    await pod('create', 'demo')
    for (const [said, words] of REFUSED) {
      const [verb = '', ...args] = words.map(word => (word === 'IMAGE' ? image() : word))
      const { status, stderr } = await host.ocilab(verb, ...args)
      expect([status > 0, stderr]).toEqual([true, expect.stringContaining(said)])
      expect(stderr.trim().split('\n').length).toBeLessThanOrEqual(2)
    }
    expect(await pod('ps', '-q')).toMatch(/^[0-9a-f]{12}$/)
  })

  it('a port of the host that is taken: said, and the pod begins when it is free', async () => {
    await host.ocilab('run', '-d', '--name', 'first', '-p', '8000:8000', image())
    await pod('create', '-p', '8000:8000', 'demo')
    expect(await web()).toMatchObject({ status: 125, stderr: expect.stringContaining('port is already allocated') })
    expect(await state()).toBe('Created')
    await host.ocilab('rm', '-f', 'first')
    await pod('start', 'demo')
    expect(await curl('localhost:8000/hello')).toBe('hello world')
  })

  it('what a pod has left is told with its lab and who made it, and reset takes it back', async () => {
    await pod('create', '-p', '8000:8000', 'demo')
    await web()
    const { stdout } = await host.ocilab('leaks')
    expect(stdout).toMatch(/^folder .*\/default\/containers\/[0-9a-f]{64} +\(lab default, by ocilab pod create /m)
    expect(stdout).toMatch(/^netns \/run\/netns\/runc-default\.\S+ +\(lab default, by ocilab supervise /m)
    expect(stdout).toMatch(/^folder \/run\/ocilab\/default\/shm-[0-9a-f]{64} /m)
    expect(await host.ocilab('reset')).toMatchObject({ status: 0, stderr: '' })
    await cleared()
  })
})
