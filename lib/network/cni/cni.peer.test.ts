import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { addNetns, deleteNetns, type OpenNetns, unmountAll } from '../netns.ts'
import { applyPlan } from '../plan.ts'
import { curl, inside, type TestWorld, testWorld } from '../testWorld.ts'
import { topology } from '../topology.ts'
import { type RuntimeName, testCni } from './testCni.ts'

// biome-ignore lint/suspicious/noExplicitAny: what programs print
type Json = any

const SUBNET = '10.88.0.0/24'
const BRIDGE = 'cnitest0'
const ports = (...list: object[]) => ({ CAP_ARGS: JSON.stringify({ portMappings: list }) })
const HTTP = { hostPort: 8080, containerPort: 80, protocol: 'tcp' }

let world: TestWorld
let guest: OpenNetns
let cni: ReturnType<typeof testCni>
beforeEach(async () => {
  world = await testWorld()
  guest = await world.guest()
  cni = testCni(world.host)
  cni.network('net', { plugins: [bridge(), { type: 'portmap', capabilities: { portMappings: true } }] })
})
afterEach(() => {
  world.close()
  cni.close()
})

function bridge(more: object = {}, ipam: object = {}) {
  const routes = [{ dst: '0.0.0.0/0' }]
  return {
    ...{ type: 'bridge', bridge: BRIDGE, isGateway: true, ipMasq: true, hairpinMode: true, ...more },
    ipam: { type: 'host-local', subnet: SUBNET, routes, ...ipam },
  }
}
const ask = (name: RuntimeName, whose: 'ours' | 'real', args: string[], env?: Record<string, string>) =>
  cni.ask(name, cni.plugins[whose], args, env)

/** What ip -j and a result say, without what is another each time. */
async function kernelState() {
  const json = async (netns: OpenNetns, ...args: string[]) => JSON.parse(await inside(netns, 'ip', '-d', '-j', ...args))
  const addresses = async (netns: OpenNetns) => {
    const links = await json(netns, 'addr')
    return links.map((link: Json) => ({
      name: link.ifname.replace(/^veth[0-9a-f]+/, 'veth'),
      ...{ up: link.flags.includes('UP'), mtu: link.mtu, kind: link.linkinfo?.info_kind, master: link.master },
      hairpin: link.linkinfo?.info_slave_data?.hairpin,
      addresses: link.addr_info
        .filter((it: Json) => it.scope === 'global')
        .map((it: Json) => `${it.local}/${it.prefixlen}`),
    }))
  }
  const routes = async (netns: OpenNetns) =>
    (await json(netns, 'route')).map((it: Json) => [it.dst, it.gateway, it.dev, it.prefsrc])
  const sysctl = (netns: OpenNetns, key: string) => inside(netns, 'sysctl', '-n', key)
  return {
    host: await addresses(world.host),
    guest: await addresses(guest),
    routes: [await routes(world.host), await routes(guest)],
    forward: await sysctl(world.host, 'net.ipv4.ip_forward'),
    routerAdvertisements: await sysctl(world.host, `net.ipv6.conf.${BRIDGE}.accept_ra`),
    arpNotify: await sysctl(guest, 'net.ipv4.conf.eth0.arp_notify'),
  }
}
function shape(result: Json) {
  return {
    ...result,
    interfaces: result.interfaces.map(({ name, ...rest }: Json) => [
      name.replace(/^veth.*/, 'veth'),
      Object.keys(rest).sort(),
    ]),
    dns: result.dns ?? {},
  }
}

describe('the same configuration', () => {
  it.each<[RuntimeName, 'ours' | 'real']>([
    ['ocilab', 'ours'],
    ['ocilab', 'real'],
    ['cnitool', 'ours'],
  ])(
    'by %s with %s plugins leaves what cnitool with the real ones leaves, and takes all of it back',
    async (name, whose) => {
      const round = async (name: RuntimeName, whose: 'ours' | 'real') => {
        const added = await ask(name, whose, ['add', 'net', guest.path], ports(HTTP))
        expect(added).toMatchObject({ status: 0 })
        const state = await kernelState()
        for (const verb of ['check', 'status'])
          expect(await ask(name, whose, [verb, 'net', guest.path], ports(HTTP))).toMatchObject({ status: 0 })
        const lease = readFileSync(join(cni.lib, 'networks/net/10.88.0.2'), 'utf8')
        const [file] = readdirSync(join(cni.lib, 'results'))
        const kept = JSON.parse(readFileSync(join(cni.lib, 'results', file!), 'utf8'))
        for (let i = 0; i < 2; i++)
          expect(await ask(name, whose, ['del', 'net', guest.path], ports(HTTP))).toMatchObject({ status: 0 })
        expect(readdirSync(join(cni.lib, 'results'))).toEqual([])
        expect(readdirSync(join(cni.lib, 'networks/net')).sort()).toEqual(['last_reserved_ip.0', 'lock'])
        const [host, rest] = await topology([guest.path], { netns: world.host.path, rules: true })
        expect(host!.links.map(({ name }) => name).sort()).toEqual([BRIDGE, 'lo', 'uplink'])
        expect(rest!.links.map(({ name }) => name)).toEqual(['lo'])
        // The bridge stays, and so do the real one’s empty chains; ours leave no table.
        const tables = host!.rules!.filter(it => 'table' in it).map(it => (it.table as { name: string }).name)
        expect(tables.filter(name => name.startsWith('ocilab'))).toEqual([])
        await inside(world.host, 'ip', 'link', 'del', BRIDGE)
        await inside(world.host, 'sysctl', '-w', 'net.ipv4.ip_forward=0')
        await inside(world.host, 'rm', '-r', join(cni.lib, 'networks'))
        return {
          result: shape(JSON.parse(added.out)),
          state,
          lease,
          kept: [file, Object.keys(kept).sort(), shape(kept.result)],
        }
      }
      expect(await round(name, whose)).toEqual(await round('cnitool', 'real'))
    },
  )

  it.each<'ours' | 'real'>(['ours', 'real'])('%s: who reaches whom', async whose => {
    const neighbour = await world.guest()
    const more = [
      { ...HTTP, hostPort: 8081, hostIP: '192.0.2.1' },
      { ...HTTP, hostPort: 8082, hostIP: '127.0.0.1' },
    ]
    await ask('ocilab', whose, ['add', 'net', guest.path], ports(HTTP, ...more))
    await ask('ocilab', whose, ['add', 'net', neighbour.path])
    await Promise.all([world.serve(guest, 80, 'inside'), world.serve(world.outside, 8000, 'outside')])
    const answers = async (from: OpenNetns, url: string) => String(await curl(from, url)).replace(/ for .*/, '')
    expect({
      // Outbound, in the host's name.
      outbound: await curl(guest, 'http://192.0.2.2:8000/'),
      outside: await curl(world.outside, 'http://192.0.2.1:8080/'),
      host: await answers(world.host, 'http://192.0.2.1:8080/'),
      local: await answers(world.host, 'http://127.0.0.1:8080/'),
      neighbour: await answers(neighbour, 'http://10.88.0.1:8080/'),
      itself: await answers(guest, 'http://10.88.0.1:8080/'),
      one: await answers(world.outside, 'http://192.0.2.1:8081/'),
      localOnly: [
        await answers(world.host, 'http://127.0.0.1:8082/'),
        await curl(world.outside, 'http://192.0.2.1:8082/'),
      ],
    }).toEqual({
      outbound: 'outside for 192.0.2.1',
      outside: 'inside for 192.0.2.2',
      ...{ host: 'inside', local: 'inside', neighbour: 'inside', itself: 'inside', one: 'inside' },
      localOnly: ['inside', 7],
    })
  })

  // CVE-2020-8558: route_localnet lets a neighbour ask what listens on the host's 127.0.0.1 alone.
  it('a container does not reach what listens on the host’s 127.0.0.1', async () => {
    await ask('ocilab', 'ours', ['add', 'net', guest.path], ports(HTTP))
    await world.serve(world.host, 9000, 'private')
    await inside(guest, 'ip', 'route', 'add', '127.1.0.0/16', 'via', '10.88.0.1')
    await inside(guest, 'sysctl', '-w', 'net.ipv4.conf.eth0.route_localnet=1')
    expect(await curl(guest, 'http://10.88.0.1:9000/')).toContain('private')
    expect(await curl(guest, 'http://127.1.0.1:9000/')).toBeTypeOf('number')
  })
})

describe('versions', () => {
  it.each(['0.3.1', '0.4.0', '1.0.0', '1.1.0'])('%s: ours and the real ones answer alike', async cniVersion => {
    cni.network('net', { cniVersion, plugins: [bridge()] })
    const [ours, real] = [
      await ask('cnitool', 'ours', ['add', 'net', guest.path]),
      await (async () => {
        await ask('cnitool', 'ours', ['del', 'net', guest.path])
        return ask('ocilab', 'real', ['add', 'net', guest.path])
      })(),
    ]
    const plain = (out: string) => {
      const { ips, ...rest } = shape(JSON.parse(out))
      return { ...rest, ips: ips.map(({ address: _, ...ip }: Json) => ip) }
    }
    expect(plain(ours.out)).toEqual(plain(real.out))
    expect((await ask('ocilab', 'real', ['del', 'net', guest.path])).status).toBe(0)
  })

  it('each finds the other’s: added by one, checked and taken back by the other', async () => {
    for (const [first, second] of [
      ['ocilab', 'cnitool'],
      ['cnitool', 'ocilab'],
    ] as const) {
      expect((await ask(first, 'ours', ['add', 'net', guest.path])).status).toBe(0)
      expect((await ask(second, 'ours', ['check', 'net', guest.path])).status).toBe(0)
      expect((await ask(second, 'ours', ['del', 'net', guest.path])).status).toBe(0)
    }
    expect(readdirSync(join(cni.lib, 'results'))).toEqual([])
    expect((await ask('ocilab', 'ours', ['version', 'bridge'])).out).toContain('1.1.0')
  })
})

describe('CHECK of ours and of the real ones finds', () => {
  const breaks: [string, (host: string) => [OpenNetns, string]][] = [
    ['an address that is gone', () => [guest, 'ip addr flush dev eth0']],
    ['a route that is gone', () => [guest, 'ip route del default']],
    ['a link that is gone', () => [guest, 'ip link del eth0']],
    ['a cable that is not plugged in', link => [world.host, `ip link set ${link} nomaster`]],
  ]
  it.each(breaks)('%s', async (_, breaking) => {
    for (const whose of ['ours', 'real'] as const) {
      const added = await ask('ocilab', whose, ['add', 'net', guest.path])
      const [netns, line] = breaking(JSON.parse(added.out).interfaces[1].name)
      await inside(netns, 'sh', '-c', line)
      expect(await ask('ocilab', whose, ['check', 'net', guest.path])).toMatchObject({
        status: 1,
        err: expect.stringMatching(/^ocilab: bridge CHECK: .*\[CNI_FAILED\]$/m),
      })
      expect((await ask('ocilab', whose, ['del', 'net', guest.path])).status).toBe(0)
    }
  })
})

describe('what goes wrong', () => {
  const nothingLeft = async () => {
    const [host, inner] = await topology([guest.path], { netns: world.host.path, rules: true })
    expect(host!.links.map(({ name }) => name).filter(name => name.startsWith('veth'))).toEqual([])
    expect(inner!.links.map(({ name }) => name)).toEqual(['lo'])
    expect(host!.rules!.filter(it => JSON.stringify(it).includes('ocilab'))).toEqual([])
    const leases = join(cni.lib, 'networks/net')
    expect(existsSync(leases) ? readdirSync(leases).filter(name => /^10\./.test(name)) : []).toEqual([])
  }

  it.each<[string, object, string]>([
    [
      'a bridge with another address',
      bridge({}, { gateway: '10.88.0.9' }),
      'already has an IP address different from 10.88.0.9/24',
    ],
    ['a link in the bridge’s place', bridge({ bridge: 'uplink' }), '"uplink" already exists but is not a bridge'],
    ['no address giver', bridge({}, { type: 'absent' }), 'absent: no such plugin'],
    ['a gateway out of reach', bridge({}, { routes: [{ dst: '0.0.0.0/0', gw: '10.99.0.1' }] }), 'ENETUNREACH'],
    ['an MTU that cannot be', bridge({ mtu: 10 }), 'EINVAL'],
    ['a chain whose second plugin fails', { ...bridge(), chained: true }, 'portmap ADD: invalid hostPort'],
  ])('%s: said, and nothing stays', async (_, plugin, said) => {
    await applyPlan(
      [
        { change: 'addBridge', bridge: BRIDGE },
        { change: 'addAddress', address: '10.88.0.1/24', link: BRIDGE },
      ],
      { netns: world.host.path },
    )
    const portmap = { type: 'portmap', capabilities: { portMappings: true } }
    cni.network('net', { plugins: [plugin, ...('chained' in plugin ? [portmap] : [])] })
    const { status, err } = await ask('ocilab', 'ours', ['add', 'net', guest.path], ports({ ...HTTP, hostPort: -1 }))
    expect([status, err]).toEqual([1, expect.stringContaining(said)])
    expect(err).not.toContain('    at ')
    await nothingLeft()
  })

  it('an eth0 of somebody else’s is not touched', async () => {
    await inside(guest, 'ip', 'link', 'add', 'eth0', 'type', 'bridge')
    const { err } = await ask('ocilab', 'ours', ['add', 'net', guest.path])
    expect(err).toContain('container veth name provided (eth0) already exists')
    expect(await inside(guest, 'ip', '-o', 'link', 'show', 'eth0')).toContain('eth0')
  })

  it.each<'ours' | 'real'>(['ours', 'real'])(
    '%s: a namespace that is gone, as after a restart, is no hindrance to DEL',
    async whose => {
      const path = join(cni.folder, 'ns')
      for (const gone of ['unmounted', 'deleted']) {
        await addNetns(path)
        expect((await ask('ocilab', whose, ['add', 'net', path])).status).toBe(0)
        if (gone === 'unmounted') await unmountAll(path)
        // The real bridge refuses a file without a namespace; ours does not care.
        else await deleteNetns(path)
        const { status } = await ask('ocilab', whose, ['del', 'net', path])
        expect(status).toBe(gone === 'unmounted' && whose === 'real' ? 1 : 0)
        await deleteNetns(path)
        expect((await ask('ocilab', whose, ['del', 'net', path])).status).toBe(0)
      }
      await expect.poll(nothingLeft, { timeout: 20_000 }).toBeUndefined()
    },
  )

  it('a bridge that was deleted by hand is made again', async () => {
    const other = await world.guest()
    await ask('ocilab', 'ours', ['add', 'net', guest.path])
    await inside(world.host, 'ip', 'link', 'del', BRIDGE)
    expect((await ask('ocilab', 'ours', ['add', 'net', other.path])).status).toBe(0)
    expect((await ask('ocilab', 'ours', ['check', 'net', guest.path])).status).toBe(1)
    for (const { path } of [guest, other]) expect((await ask('ocilab', 'ours', ['del', 'net', path])).status).toBe(0)
    await nothingLeft()
  })

  it('leaks names an attachment and reset takes it back; gc clears what has no namespace any more', async () => {
    const path = join(cni.folder, 'ns')
    await addNetns(path)
    for (const netns of [path, guest.path])
      await ask('ocilab', 'ours', ['add', 'net', netns], ports({ ...HTTP, hostPort: netns === path ? 80 : 81 }))
    expect((await cni.ocilab('leaks')).out).toMatch(/CNI attachment net-cnitool-\w+-eth0/)
    await deleteNetns(path)
    expect((await ask('ocilab', 'ours', ['gc', 'net'])).status).toBe(0)
    expect(readdirSync(join(cni.lib, 'results'))).toHaveLength(1)
    expect(readdirSync(join(cni.lib, 'networks/net')).filter(name => /^10\./.test(name))).toEqual(['10.88.0.3'])
    expect((await cni.ocilab('reset')).status).toBe(0)
    await nothingLeft()
    expect((await cni.ocilab('leaks', '--id', 'default')).out).not.toContain('CNI')
  })

  // strace counts for each thread, so there is one.
  // Our bridge is killed at its k-th word to the kernel, for every k until it ends by itself.
  it('killed between any two steps, DEL leaves nothing', async () => {
    const bridgeOf = readFileSync(join(cni.plugins.ours, 'bridge'), 'utf8')
    let killed = 0
    for (let k = 1; ; k++) {
      const strace = `export UV_THREADPOOL_SIZE=1; exec strace -f -qq -o /dev/null -e trace=sendto,sendmsg -e inject=sendto,sendmsg:signal=KILL:when=${k} `
      writeFileSync(
        join(cni.plugins.ours, 'bridge'),
        bridgeOf.replace('exec ', `[ $CNI_COMMAND = ADD ] || ${bridgeOf.split('\n')[1]}\n${strace}`),
      )
      const { status } = await ask('ocilab', 'ours', ['add', 'net', guest.path])
      writeFileSync(join(cni.plugins.ours, 'bridge'), bridgeOf)
      if (status !== 0) killed++
      expect((await ask('ocilab', 'ours', ['del', 'net', guest.path])).status).toBe(0)
      await nothingLeft()
      if (status === 0) break
      k += process.env.OCILAB_SWEEP ? 0 : 4
    }
    expect(killed).toBeGreaterThan(1)
  }, 300_000)
})

it('loopback: on, found on, and off again, as by the real one', async () => {
  cni.network('lo', { cniVersion: '1.0.0', plugins: [{ type: 'loopback' }] })
  const lo = { CNI_IFNAME: 'lo' }
  const state = async () => (await inside(guest, 'ip', '-br', 'link', 'show', 'lo')).includes('LOWER_UP')
  const rounds = []
  for (const whose of ['ours', 'real'] as const) {
    const { out } = await ask('ocilab', whose, ['add', 'lo', guest.path], lo)
    const on = await state()
    await ask('ocilab', whose, ['check', 'lo', guest.path], lo)
    const { status } = await ask('ocilab', whose, ['del', 'lo', guest.path], lo)
    const { dns: _, ...result } = JSON.parse(out)
    rounds.push({ result, on, status, off: !(await state()) })
  }
  expect(rounds[0]).toMatchObject({ on: true, status: 0, off: true })
  expect(rounds[0]).toEqual(rounds[1])
})

it('has what it compares with', () => {
  for (const name of ['cnitool', 'bridge', 'host-local', 'portmap', 'loopback'])
    expect(spawnSync(join(cni.plugins.real, name), ['--help'], { input: '' }).error).toBeUndefined()
})
