import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fileBytes } from '../../bytes/file.ts'
import { imageFrom } from '../../image/build.ts'
import { copy } from '../../transport/copy.ts'
import { heldImage } from '../../transport/held.ts'
import { startDockerd, type TestDockerd } from '../../transport/testDockerd.ts'
import { eventually, leftOn, type TestHost, testHost } from './testHost.ts'

// Docker with its own bridge and its own rules, beside ours, on one host.
let host: TestHost
let daemon: TestDockerd
const image = () => `oci:${host.folder}/image:v0`
const rules = () => host.sh('iptables-save | grep -v "^[#:]" | grep -v -e "--comment ocilab"')
const curl = (url: string, from = '') => eventually(() => host.sh(`${from} curl -sS --max-time 5 ${url}`))
const outside = 'ip netns exec outside'

beforeAll(async () => {
  host = await testHost()
  // Docker, when it finds that nothing is handed on, switches that on, and from then on drops what it does not know.
  await host.sh('echo 0 > /proc/sys/net/ipv4/ip_forward')
  daemon = await startDockerd({}, { enter: host.enter })
  await host.ocilab('demo', 'tiny', `oci:${host.folder}/image:v0`)
  const root = join(host.folder, 'image-docker')
  for (const name of ['bin', 'www']) mkdirSync(join(root, name), { recursive: true })
  copyFileSync('/bin/busybox', join(root, 'bin/busybox'))
  symlinkSync('busybox', join(root, 'bin/sh'))
  execFileSync('tar', ['-C', root, '-cf', `${root}.tar`, '.'])
  await daemon.docker('import', `${root}.tar`, 'busybox:test')
})
afterAll(async () => {
  await host?.close()
  await daemon?.stop()
})

describe('beside a Docker whose firewall drops what it does not know', () => {
  it('containers of both are reached and reach the world, and Docker’s rules and network are as they were', async () => {
    await host.serve('tcp', 9000, 'outside')
    const web = 'echo docker > /www/hello; exec busybox httpd -f -p 80 -h /www'
    await daemon.docker('run', '-d', '--name', 'theirs', '-p', '8001:80', 'busybox:test', 'sh', '-c', web)
    const before = [await rules(), await daemon.docker('network', 'inspect', 'bridge')]
    expect(await host.sh('iptables -S FORWARD')).toContain('-P FORWARD DROP')

    await host.ocilab('run', '-d', '--name', 'ours', '-p', '8000:8000', image())
    expect(await curl('192.0.2.1:8000/hello', outside)).toBe('hello world')
    expect(await curl('192.0.2.1:8001/hello', outside)).toBe('docker')
    expect(await host.sh('iptables -S DOCKER-USER')).toContain('-o runc0 -m comment --comment ocilab -j ACCEPT')
    const ask = ['busybox', 'wget', '-q', '-O', '-', 'http://192.0.2.2:9000']
    expect((await host.ocilab('exec', 'ours', ...ask)).stdout).toBe('for 192.0.2.1')
    expect(await daemon.docker('exec', 'theirs', ...ask)).toBe('for 192.0.2.1')
    expect([await rules(), await daemon.docker('network', 'inspect', 'bridge')]).toEqual(before)

    await host.ocilab('rm', '-f', 'ours')
    await eventually(async () => expect(await host.sh('iptables -S; nft list tables')).not.toContain('ocilab'))
    expect([await rules(), await daemon.docker('network', 'inspect', 'bridge')]).toEqual(before)
    expect(await leftOn(host)).not.toMatch(/runc0|ocilab_/)
    await daemon.docker('rm', '--force', 'theirs')
  })

  it('a published port is translated as Docker does it', async () => {
    await daemon.docker(
      'run',
      '-d',
      '--name',
      'theirs',
      '-p',
      '8000:80/udp',
      '-p',
      '127.0.0.1:8001:81',
      'busybox:test',
      'sh',
      '-c',
      'busybox sleep 1000',
    )
    const theirs = await host.sh('iptables -t nat -S | grep -e DNAT -e MASQUERADE')
    const [{ IPAddress: address }] = JSON.parse(
      await daemon.docker('inspect', '--format', '[{{json .NetworkSettings}}]', 'theirs'),
    )
    await daemon.docker('rm', '--force', 'theirs')
    await host.ocilab('run', '-d', '--name', 'ours', '-p', '8000:80/udp', '-p', '127.0.0.1:8001:81', image())
    const ours = JSON.parse(await host.sh('nft -j list ruleset')).nftables as Rule[]
    expect(shapeOfNft(ours, '10.200.0.2', 'runc0')).toEqual(shapeOfIptables(theirs, address, 'docker0'))
    await host.ocilab('rm', '-f', 'ours')
  })

  it('a container has the cable, the plug and the routes that Docker gives one', async () => {
    await daemon.docker('run', '-d', '--name', 'theirs', 'busybox:test', 'sh', '-c', 'busybox sleep 1000')
    const [theirs] = JSON.parse(await daemon.docker('inspect', 'theirs'))
    await host.ocilab('run', '-d', '--name', 'ours', image())
    const [ours] = JSON.parse((await host.ocilab('inspect', 'ours')).stdout)
    const seen = await wiringOf(ours.State.Pid, 'runc0')
    expect(seen).toMatchObject({ routes: ['default GATEWAY eth0', 'SUBNET undefined eth0'] })
    expect(seen).toEqual(await wiringOf(theirs.State.Pid, 'docker0'))
    await daemon.docker('rm', '--force', 'theirs')
    await host.ocilab('rm', '-f', 'ours')
  })
})

it('an image for another processor is warned of, in Docker’s words, and tried', async () => {
  const layers = [{ tar: fileBytes(`${host.folder}/image-docker.tar`) }]
  const archive = `docker-archive:${join(host.folder, 'foreign.tar')}`
  const image = await imageFrom({ architecture: 's390x', os: 'linux', layers })
  await copy(heldImage(image, 'foreign'), `${archive}:foreign:test`)
  await daemon.docker('load', '-i', join(host.folder, 'foreign.tar'))
  const alone = ['--rm', '--network', 'none']
  const program = ['busybox', 'echo', 'hello']
  const theirs = await host.run('docker', '-H', `unix://${daemon.socket}`, 'run', ...alone, 'foreign:test', ...program)
  const ours = await host.ocilab('run', ...alone, '-q', archive, ...program)
  expect(theirs).toMatchObject({ status: 0, stdout: 'hello\n', stderr: expect.stringContaining('s390x') })
  expect(ours).toEqual(theirs)
  const asked = await host.ocilab('run', '--rm', '-q', '--platform', 'linux/s390x', archive, ...program)
  expect(asked).toEqual({ status: 0, stdout: 'hello\n', stderr: '' })
})

/** What ip(8) sees of a container's network, inside and on the bridge; the addresses are each one's own. */
async function wiringOf(pid: number, bridge: string) {
  const ip = async (...words: string[]) => JSON.parse(await host.sh(`${words.join(' ')}`))
  const inside = `nsenter --target ${pid} --net ip -j -d`
  const [eth0] = await ip(inside, 'addr show eth0')
  const routes: { dst: string; gateway?: string; dev: string }[] = await ip(inside, '-4 route')
  const [plug] = await ip('ip -j -d link show master', bridge)
  const [own] = await ip('ip -j -d link show', bridge)
  const { info_slave_data: port } = plug.linkinfo
  const inet = eth0.addr_info.filter(({ family }: { family: string }) => family === 'inet')
  return {
    eth0: [eth0.linkinfo.info_kind, eth0.mtu, eth0.operstate],
    addresses: inet.map(({ scope, label }: { scope: string; label: string }) => [scope, label]),
    routes: routes.map(
      ({ dst, gateway, dev }) => `${dst.replace(/^[\d.]+\/\d+$/, 'SUBNET')} ${gateway && 'GATEWAY'} ${dev}`,
    ),
    plug: [plug.linkinfo.info_kind, plug.mtu, plug.operstate, plug.master === bridge],
    port: [port.state, port.hairpin, port.guard, port.learning, port.flood, port.isolated, port.vlan_tunnel],
    bridge: [own.linkinfo.info_kind, own.mtu, own.linkinfo.info_data.stp_state, own.linkinfo.info_data.vlan_filtering],
  }
}

interface Rule {
  rule?: { table: string; expr: Record<string, { left?: object; right?: unknown; op?: string }>[] }
}

/** What is translated to what, in words that both have. */
function shapeOfIptables(lines: string, address: string, bridge: string): string[] {
  const named = lines.replaceAll(address, 'CONTAINER').replaceAll(bridge, 'BRIDGE')
  return (
    named
      .split('\n')
      // What is for 127.0.0.1 alone is never translated: what comes from there may not leave the machine.
      .filter(line => !line.includes('-d 127.0.0.1/32'))
      .map(line => {
        const field = (flag: string) => new RegExp(`(! )?${flag} (\\S+)`).exec(line)
        const dport = field('--dport')?.[2]
        if (line.includes('DNAT'))
          return `dnat not in ${field('-i')?.[2]} ${field('-p')?.[2]} ${dport} to ${field('--to-destination')?.[2]}`
        return dport
          ? `masquerade CONTAINER to CONTAINER ${field('-p')?.[2]} ${dport}`
          : `masquerade subnet not out ${field('-o')?.[2]}`
      })
      .filter(line => !line.includes('tcp 81'))
      .sort()
  )
}

function shapeOfNft(objects: Rule[], address: string, bridge: string): string[] {
  const texts = objects.flatMap(({ rule }) => (rule?.table.startsWith('ocilab') ? [JSON.stringify(rule.expr)] : []))
  const named = texts.map(text => text.replaceAll(address, 'CONTAINER').replaceAll(bridge, 'BRIDGE'))
  return named
    .map(text => {
      const port = /"payload":\{"protocol":"(tcp|udp)","field":"dport"\}\},"right":(\d+)/.exec(text)
      const dnat = /"dnat":\{"family":"ip","addr":"([^"]+)","port":(\d+)/.exec(text)
      if (dnat)
        return `dnat not in ${/iifname"\}\},"right":"(\w+)"/.exec(text)?.[1]} ${port?.[1]} ${port?.[2]} to ${dnat[1]}:${dnat[2]}`
      if (!text.includes('masquerade')) return ''
      return port
        ? `masquerade CONTAINER to CONTAINER ${port[1]} ${port[2]}`
        : `masquerade subnet not out ${/oifname"\}\},"right":"(\w+)"/.exec(text)?.[1]}`
    })
    .filter(line => line !== '')
    .sort()
}
