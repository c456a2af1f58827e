import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually, leftOn, type TestHost, testHost } from './testHost.ts'

let host: TestHost
beforeAll(async () => {
  host = await testHost()
  await host.ocilab('demo', 'tiny', `oci:${host.folder}/image:v0`)
})
afterEach(async () => {
  const { stdout } = await host.ocilab('ps', '-aq')
  if (stdout.trim() !== '') await host.ocilab('rm', '-f', ...stdout.trim().split('\n'))
})
afterAll(() => host.close())

const image = () => `oci:${host.folder}/image:v0`
const run = (...args: string[]) => host.ocilab('run', ...args)
/** Runs a line of shell in a container, and removes it. */
const shell = (flags: string[], line: string) => run('--rm', '--entrypoint', 'sh', ...flags, image(), '-c', line)
/** A container that waits, and ends at once when it is asked to. */
const waiting = (...flags: string[]) =>
  run('-d', '--entrypoint', 'sh', ...flags, image(), '-c', 'trap "exit 7" TERM; echo up; sleep 1000 & wait')
const curl = (url: string, from = '') => eventually(() => host.sh(`${from} curl -sS --max-time 5 -g ${url}`))
const outside = 'ip netns exec outside'

/** A supervisor takes a moment to see that there is nothing left for it to do. */
const cleared = () => eventually(async () => expect(await leftOn(host)).toBe(''))

describe('the article’s two commands', () => {
  it('run -p 8000:8000 and curl localhost:8000/hello, from wherever one asks', async () => {
    const started = await run('-d', '--name', 'web', '-p', '8000:8000', image())
    expect(started).toEqual({ status: 0, stdout: expect.stringMatching(/^[0-9a-f]{64}\n$/), stderr: '' })
    expect(await curl('localhost:8000/hello')).toBe('hello world')
    expect(await curl('http://[::1]:8000/hello')).toBe('hello world')
    expect(await curl('10.200.0.1:8000/hello')).toBe('hello world')
    expect(await curl('10.200.0.2:8000/hello')).toBe('hello world')
    expect(await curl('192.0.2.1:8000/hello', outside)).toBe('hello world')
    expect(await curl('http://[2001:db8::1]:8000/hello', outside)).toBe('hello world')
    // From another container: by the container's address, by the bridge's and by another of the host's.
    const line = 'for a in 10.200.0.2 10.200.0.1 192.0.2.1; do wget -q -O - http://$a:8000/hello; done'
    expect((await shell([], line)).stdout).toBe('hello world\n'.repeat(3))
    const { stdout } = await host.ocilab('ps')
    expect(stdout).toMatch(/^CONTAINER ID +IMAGE +COMMAND +CREATED +STATUS +PORTS +NAMES\n/)
    expect(stdout).toMatch(/"sh app.sh" .* Up .*0\.0\.0\.0:8000->8000\/tcp, \[::\]:8000->8000\/tcp +web\n$/)
    const picture = (await host.ocilab('picture', 'network')).stdout
    expect(picture).toContain('  port 0.0.0.0:8000/tcp → 10.200.0.2:8000\n')
    expect(picture).toMatch(
      /netns runc-default\.[0-9a-f]{12}\n(.*\n)* {2}eth0 {2}veth {2}up {2}10\.200\.0\.2\/24 .*cable to veth/,
    )
    const taken = await run('--rm', '-p', '8000:8000', image())
    expect(taken).toMatchObject({ status: 125, stderr: expect.stringContaining('port is already allocated') })
  })

  it('on the article’s own image, where a JVM answers', async () => {
    const { status, stderr } = await run('-d', '--name', 'java', '-p', '8000:8000', 'java')
    expect([status, stderr]).toEqual([0, expect.not.stringContaining('WARNING')])
    expect(await curl('localhost:8000/hello')).toBe('hello world')
    expect((await host.ocilab('ps')).stdout).toMatch(/ java +"java -jar app\.jar" /)
  })
})

describe('the network of a container', () => {
  it('outbound, it is the host to a server elsewhere, over IPv6 too', async () => {
    await host.serve('tcp', 9000, 'outside')
    await host.ocilab('network', 'create', '--ipv6', '--mtu', '1400', '--subnet', '10.99.0.0/24', 'six')
    await host.ocilab('network', 'create', 'second')
    const line = `wget -q -O - http://192.0.2.2:9000; echo
      wget -q -O - 'http://[2001:db8::2]:9000'; echo; cat /sys/class/net/eth0/mtu; ls /sys/class/net`
    const { stdout } = await shell(['--network', 'six', '--network', 'second'], line)
    expect(stdout).toBe('for 192.0.2.1\nfor 2001:db8::1\n1400\neth0\neth1\nlo\n')
    expect(await host.ocilab('network', 'rm', 'nonesuch', 'six', 'second')).toMatchObject({
      status: 1,
      stdout: 'six\nsecond\n',
      stderr: expect.stringContaining('network nonesuch not found'),
    })
    expect((await host.ocilab('network', 'ls', '--json')).stdout).not.toContain('six')
  })

  it('a port of UDP is handed on by rules, and for 127.0.0.1 by a program', async () => {
    await waiting('--name', 'udp', '-p', '5300:53/udp')
    const id = (await host.ocilab('ps', '-q')).stdout.trim()
    await host.serve('udp', 53, `runc-default.${id}`)
    const ask = `const socket = require('node:dgram').createSocket('udp4')
      socket.on('message', text => { console.log(String(text)); socket.close() }); socket.send('?', 5300, process.argv[1])`
    const answer = (address: string, from = '') => host.sh(`${from} '${process.execPath}' -e "${ask}" ${address}`)
    expect(await answer('192.0.2.1', outside)).toBe('for 192.0.2.2')
    expect(await answer('127.0.0.1')).toBe('for 10.200.0.1')
  })

  it('is one with the article’s: network down leaves the bridge to whoever is plugged into it', async () => {
    expect((await host.ocilab('network', 'up')).status).toBe(0)
    await run('-d', '--name', 'web', '-p', '8000:8000', image())
    const down = await host.ocilab('network', 'down')
    expect(down).toMatchObject({ status: 0, stderr: expect.stringContaining('runc0 stays') })
    expect(await curl('localhost:8000/hello')).toBe('hello world')
    expect((await host.ocilab('network', 'show')).stdout).toMatch(/^host\n(.*\n)* {2}link {3}veth\w+ up in runc0\n/)
    await host.ocilab('rm', '-f', 'web')
    await cleared()
    expect(await host.ocilab('network', 'down')).toEqual({ status: 0, stdout: '', stderr: '' })
  })

  it('none has only lo; host has the host’s; container:NAME has another’s', async () => {
    await waiting('--name', 'one')
    const links = 'ls /sys/class/net; hostname'
    expect((await shell(['--network', 'none', '-h', 'alone'], links)).stdout).toBe('lo\nalone\n')
    expect((await shell(['--network', 'host'], links)).stdout).toMatch(/^lo\nrunc0\nuplink\nveth0ac80002\n/)
    const shared = await shell(['--network', 'container:one'], 'ip -o -4 addr show eth0; cat /etc/hosts')
    expect(shared.stdout).toContain('inet 10.200.0.2/24')
    expect(shared.stdout).toMatch(/^10\.200\.0\.2\t/m)
    await host.ocilab('stop', 'one')
    const gone = await shell(['--network', 'container:one'], 'true')
    expect(gone).toMatchObject({ status: 125, stderr: expect.stringContaining('non running container') })
  })

  it('where the host hands nothing on, that is said and not changed; ports lead in all the same', async () => {
    await host.sh('echo 0 > /proc/sys/net/ipv4/ip_forward')
    const { stderr, status } = await run('-d', '-p', '8000:8000', image())
    expect([status, stderr]).toEqual([0, expect.stringContaining('WARNING: IPv4 forwarding is disabled')])
    expect(await curl('192.0.2.1:8000/hello', outside)).toBe('hello world')
    expect(await host.sh('cat /proc/sys/net/ipv4/ip_forward')).toBe('0')
    expect((await shell(['--ip-forward'], 'true')).stderr).toBe('')
    expect(await host.sh('cat /proc/sys/net/ipv4/ip_forward')).toBe('1')
    expect((await host.ocilab('leaks')).stdout).toMatch(/sysctl net\/ipv4\/ip_forward \(was 0\) .*, by ocilab run /)
    await host.ocilab('reset')
    expect(await host.sh('cat /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv4/ip_forward')).toBe('0')
    await cleared()
  })

  it.each([68, 1281, 9001, 65_535])('a packet as long as an MTU of %i passes whole, there and back', async mtu => {
    expect((await host.ocilab('network', 'create', '--mtu', String(mtu), 'odd')).status).toBe(0)
    expect(await run('-d', '--network', 'odd', '-p', '8000:8000', image())).toMatchObject({ status: 0, stderr: '' })
    expect(await curl('192.0.2.1:8000/hello', outside)).toBe('hello world')
    // No IP packet is longer than 65535 bytes. The header and that of ping are 28.
    const sizes = [mtu, ...(mtu < 65_535 ? [mtu + 1] : [])].map(length => length - 28)
    const line = `cat /sys/class/net/eth0/mtu; for size in ${sizes.join(' ')}; do
      busybox ping -c 1 -s $size $(busybox ip route | busybox awk '/^default/ { print $3 }') > /dev/null &&
      busybox awk '/^Ip: [0-9]/ { print $20, "fragments" }' /proc/net/snmp; done`
    const { stdout } = await shell(['--network', 'odd'], line)
    expect(stdout).toBe(`${mtu}\n0 fragments\n${mtu < 65_535 ? '2 fragments\n' : ''}`)
    await host.ocilab('rm', '-f', (await host.ocilab('ps', '-q')).stdout.trim())
    expect(await host.ocilab('network', 'rm', 'odd')).toMatchObject({ status: 0, stderr: '' })
  })

  it('a bridge that was deleted by hand is back with the next container, and its own with the next start', async () => {
    await run('-d', '--name', 'one', '-p', '8000:8000', image())
    await run('-d', '--name', 'two', '-p', '8001:8000', image())
    await host.sh('ip link del runc0')
    // It runs on, alone, and whatever is asked of it is done.
    expect((await host.ocilab('exec', 'one', 'busybox', 'wget', '-qO-', 'localhost:8000/hello')).stdout).toBe(
      'hello world\n',
    )
    expect(await host.sh('curl -sS --max-time 2 localhost:8000/hello || true')).toBe('')
    expect(await host.ocilab('stop', 'one')).toEqual({ status: 0, stdout: 'one\n', stderr: '' })
    expect(await host.ocilab('start', 'one')).toEqual({ status: 0, stdout: 'one\n', stderr: '' })
    expect(await curl('localhost:8000/hello')).toBe('hello world')
    expect(await curl('192.0.2.1:8000/hello', outside)).toBe('hello world')
    for (const name of ['two', 'one'])
      expect(await host.ocilab('rm', '-f', name)).toEqual({ status: 0, stdout: `${name}\n`, stderr: '' })
    await cleared()
    expect((await host.ocilab('leaks')).stdout).toBe('none\n')
  })

  it('where there is no iptables, nothing of it is missed', async () => {
    const tools = (await host.sh('command -v iptables ip6tables')).split('\n')
    for (const tool of tools) await host.sh(`mount --bind /dev/null ${tool}`)
    try {
      expect(await run('-d', '-p', '8000:8000', image())).toMatchObject({ status: 0, stderr: '' })
      for (const [url, from] of [['localhost:8000/hello'], ['192.0.2.1:8000/hello', outside]] as const)
        expect(await curl(url, from)).toBe('hello world')
    } finally {
      for (const tool of tools) await host.sh(`umount ${tool}`)
    }
  })

  it('where there is no nft, ports are handed on by a program, and that is said', async () => {
    const nft = await host.sh('command -v nft')
    await host.sh(`mount --bind /dev/null ${nft}`)
    try {
      const { stderr, status } = await run('-d', '-p', '8000:8000', image())
      expect([status, stderr]).toEqual([0, expect.stringContaining('nft: not installed here')])
      expect(await curl('localhost:8000/hello')).toBe('hello world')
      expect(await curl('192.0.2.1:8000/hello', outside)).toBe('hello world')
    } finally {
      await host.sh(`umount ${nft}`)
    }
  })
})

describe('what a container is told', () => {
  it('its environment, user, folder, name, volumes and files', async () => {
    const shared = join(host.folder, 'shared')
    mkdirSync(shared)
    writeFileSync(join(shared, 'from-host'), 'hi\n')
    const flags = ['-e', 'A=1', '-e', 'B=2 3', '-w', '/srv', '-u', '1000:1001', '-h', 'demo']
    const volumes = ['-v', `${shared}:/shared`, '-v', `${shared}:/readonly:ro`, '-v', 'data:/data', '-v', '/own']
    const line = `echo $A $B $PWD $(id -u):$(id -g) $(hostname) $HOSTNAME; cat /shared/from-host /etc/hostname
      grep demo /etc/hosts; ls -d /data /own; touch /readonly/x`
    const { stdout, stderr, status } = await shell([...flags, ...volumes], line)
    expect(stdout).toMatch(/^1 2 3 \/srv 1000:1001 demo demo\nhi\ndemo\n10\.200\.0\.\d+\tdemo\n\/data\n\/own\n$/)
    expect([status, stderr]).toEqual([1, 'touch: /readonly/x: Read-only file system\n'])
    await shell(['-v', 'data:/data'], 'echo kept > /data/file')
    expect((await shell(['-v', 'data:/data:ro'], 'cat /data/file')).stdout).toBe('kept\n')
    expect((await host.ocilab('reset')).stdout).toContain(`took back folder ${host.folder}/default\n`)
  })

  it.each<[words: string[], status: number, said: string]>([
    [['--entrypoint', 'nonesuch', 'IMAGE'], 127, 'exec: "nonesuch": executable file not found in $PATH'],
    [['--entrypoint', '/etc/passwd', 'IMAGE'], 126, 'permission denied'],
    [['--entrypoint', 'sh', 'IMAGE', '-c', 'exit 42'], 42, ''],
    [['-p', 'x:80', 'IMAGE'], 125, 'invalid hostPort: x'],
    [['-u', 'nobody-here', 'IMAGE'], 125, 'want a user of the image'],
    [['--network', 'nonesuch', 'IMAGE'], 125, 'network nonesuch not found'],
    [['oci:nowhere:v0'], 125, 'nowhere'],
  ])('run %j: exit %i', async (words, status, said) => {
    const result = await run('--rm', ...words.map(word => (word === 'IMAGE' ? image() : word)))
    expect(result).toMatchObject({ status, stderr: expect.stringContaining(said) })
    expect(result.stderr.split('\n').length).toBeLessThanOrEqual(3)
    await cleared()
  })
})

describe('the life of a container', () => {
  it('is written down, ends when it is asked to, begins again, and leaves nothing', async () => {
    await waiting('--name', 'demo')
    expect((await run('--name', 'demo', image())).stderr).toContain('the container name "/demo" is already in use')
    await eventually(async () => expect((await host.ocilab('logs', 'demo')).stdout).toBe('up\n'))
    expect(await host.ocilab('exec', '-e', 'X=5', 'demo', 'sh', '-c', 'echo $X; exit 3')).toMatchObject({
      status: 3,
      stdout: '5\n',
    })
    expect((await host.ocilab('exec', 'demo', 'nonesuch')).status).toBe(127)
    expect(await host.ocilab('rm', 'demo')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('stop the container'),
    })
    expect(await host.ocilab('stop', 'demo')).toEqual({ status: 0, stdout: 'demo\n', stderr: '' })
    expect((await host.ocilab('ps', '-a')).stdout).toMatch(/Exited \(7\)/)
    expect((await host.ocilab('exec', 'demo', 'true')).stderr).toContain('is not running')
    expect((await host.ocilab('kill', 'demo')).stderr).toContain('is not running')

    expect((await host.ocilab('start', 'demo')).stdout).toBe('demo\n')
    await eventually(async () => expect((await host.ocilab('logs', '--tail', '1', 'demo')).stdout).toBe('up\n'))
    expect((await host.ocilab('logs', 'demo')).stdout).toBe('up\nup\n')
    const [{ stdout: code }] = await Promise.all([
      host.ocilab('wait', 'demo'),
      host.ocilab('kill', '-s', 'KILL', 'demo'),
    ])
    expect(code).toBe('137\n')
    const [shown] = JSON.parse((await host.ocilab('inspect', 'demo')).stdout)
    expect(shown.State).toMatchObject({ Status: 'exited', ExitCode: 137, Running: false })
    await host.ocilab('rm', 'demo')
    await cleared()
    expect((await host.ocilab('leaks')).stdout).toBe('none\n')
  })

  it('a supervisor that is killed takes nothing along that rm -f does not clear', async () => {
    await waiting('--name', 'orphan', '-p', '8000:8000')
    await host.sh('pkill -KILL -f [s]upervise')
    expect((await host.ocilab('ps')).stdout).toMatch(/ Up /)
    expect((await host.ocilab('stop', 'orphan')).status).toBe(0)
    expect((await host.ocilab('ps', '-a')).stdout).toMatch(/Exited \(255\)/)
    expect((await host.ocilab('start', 'orphan')).status).toBe(0)
    await host.sh('pkill -KILL -f [s]upervise')
    await host.ocilab('rm', '-f', 'orphan')
    await host.ocilab('rm', '-f', 'orphan')
    await cleared()
  })

  it('reset waits for whoever stays with a container: he writes into its folder until he ends', async () => {
    await waiting('--name', 'stays')
    await host.sh('pkill -STOP -f [s]upervise')
    const reset = host.ocilab('reset')
    expect(await Promise.race([reset, sleep(1000, 'it waits')])).toBe('it waits')
    await host.sh('pkill -CONT -f [s]upervise')
    expect(await reset).toMatchObject({ status: 0, stderr: '' })
    await cleared()
  })

  it('the one address of a network is free again when its container, and who stayed with it, were killed', async () => {
    await host.ocilab('network', 'create', '--subnet', '10.98.0.0/30', 'narrow')
    for (const supervisor of ['', 'pkill -KILL -f [s]upervise; ']) {
      expect(await waiting('--name', 'only', '--network', 'narrow')).toMatchObject({ status: 0, stderr: '' })
      const [{ State: state, NetworkSettings: settings }] = JSON.parse((await host.ocilab('inspect', 'only')).stdout)
      expect(settings.IPAddress).toBe('10.98.0.2')
      const second = await run('--rm', '--network', 'narrow', image())
      expect(second).toMatchObject({ status: 125, stderr: expect.stringContaining('every address is taken') })
      await host.sh(`${supervisor}kill -KILL ${state.Pid}`)
      await host.ocilab('wait', 'only')
      expect(await host.ocilab('rm', 'only')).toEqual({ status: 0, stdout: 'only\n', stderr: '' })
    }
    expect((await host.ocilab('network', 'rm', 'narrow')).status).toBe(0)
    await cleared()
  })

  it('five labs at once do not see each other', async () => {
    const labs = ['default', 'a', 'b', 'a-name-that-is-hashed', 'e']
    const ports = labs.map((_, i) => String(8100 + i))
    await Promise.all(labs.map((id, i) => run('--id', id, '-d', '--name', 'web', '-p', `${ports[i]}:8000`, image())))
    for (const port of ports) expect(await curl(`localhost:${port}/hello`)).toBe('hello world')
    for (const id of labs) expect((await host.ocilab('ps', '--id', id, '-q')).stdout).toMatch(/^[0-9a-f]{12}\n$/)
    await Promise.all(labs.map(id => host.ocilab('rm', '--id', id, '-f', 'web')))
    await cleared()
  })
})

it('a log has a line for each line', async () => {
  await run('-d', '--name', 'two', '--entrypoint', 'sh', image(), '-c', 'echo out; echo err >&2; printf end')
  await host.ocilab('wait', 'two')
  const { stdout, stderr } = await host.ocilab('logs', '-f', 'two')
  expect([stdout, stderr]).toEqual(['out\nend', 'err\n'])
  const [{ LogPath }] = JSON.parse((await host.ocilab('inspect', 'two')).stdout)
  const lines = readFileSync(LogPath, 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  expect(lines[0]).toEqual({
    log: expect.any(String),
    stream: expect.any(String),
    time: expect.stringMatching(/^\d{4}-.*Z$/),
  })
})
