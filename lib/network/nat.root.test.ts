import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { networkNames } from './names.ts'
import { publishTable } from './nat.ts'
import type { OpenNetns } from './netns.ts'
import { joinNetwork, leaveNetwork, openNetwork } from './network.ts'
import { deleteTable, nft, tableNames } from './nft.ts'
import { forwardingOff, forwardingPlan } from './outbound.ts'
import { applyPlan, undoPlan } from './plan.ts'
import { readSysctl } from './sysctl.ts'
import { curl, inside, type TestWorld, testWorld } from './testWorld.ts'
import { topology } from './topology.ts'

const names = networkNames('nattest', 'bridge', { ipv6: 'fd00:7::/64', mtu: 1400 })
const other = networkNames('nattest', 'second', { ipv6: true })
let world: TestWorld
let container: OpenNetns
const options = () => ({ netns: world.host.path })

beforeEach(async () => {
  world = await testWorld()
  container = await world.guest()
})
afterEach(async () => {
  for (const network of [names, other]) await (await openNetwork(network, options())).delete()
  world.close()
})

describe('a network that reaches the world', () => {
  it('hands packets on in the host’s name, IPv4 and IPv6, and only when the host was asked to', async () => {
    const end = await joinNetwork(names, container.path, {}, options())
    await world.serve(world.outside, 8000, 'outside')
    expect(await forwardingOff(names, world.host.path)).toEqual(['ipv4', 'ipv6'])
    expect(await curl(container, 'http://192.0.2.2:8000/')).toBeTypeOf('number')

    const plan = forwardingPlan(await forwardingOff(names, world.host.path))
    await applyPlan(plan, options())
    expect(await curl(container, 'http://192.0.2.2:8000/')).toBe('outside for 192.0.2.1')
    expect(await curl(container, 'http://[2001:db8::2]:8000/')).toBe('outside for 2001:db8::1')
    await undoPlan(plan, options())
    expect(await readSysctl('net/ipv4/ip_forward', world.host.path)).toBe('0')

    await leaveNetwork(names, options())
    expect(await tableNames(world.host.path)).toHaveLength(1)
    await end.delete()
    await leaveNetwork(names, options())
    await leaveNetwork(names, options())
    expect(await tableNames(world.host.path)).toEqual([])
    expect((await topology([], options()))[0]!.links.map(({ name }) => name)).toEqual(['lo', 'uplink'])
  })

  it('leads a published port into the container, from outside and from the host itself', async () => {
    const end = await joinNetwork(names, container.path, {}, options())
    await applyPlan(forwardingPlan(['ipv4', 'ipv6']), options())
    await world.serve(container, 80, 'inside')
    const port = { protocol: 'tcp', containerPort: 80 } as const
    const ports = [
      { ...port, hostIp: '0.0.0.0', hostPort: 8000 },
      { ...port, hostIp: '::', hostPort: 8000 },
      { ...port, hostIp: '192.0.2.9', hostPort: 8001 },
      { ...port, hostIp: '127.0.0.1', hostPort: 8002 },
    ]
    await nft(publishTable('ocilab_nattest_c', { bridge: names.bridge, ...end }, ports), world.host.path)
    expect(await curl(world.outside, 'http://192.0.2.1:8000/')).toBe('inside for 192.0.2.2')
    expect(await curl(world.outside, 'http://[2001:db8::1]:8000/')).toBe('inside for 2001:db8::2')
    expect(await curl(world.host, 'http://192.0.2.1:8000/')).toMatch(/^inside for/)
    // Another address of the host's, and the one a program has to answer at, are not led anywhere.
    expect(await curl(world.outside, 'http://192.0.2.1:8001/')).toBe(7)
    expect(await curl(world.host, 'http://127.0.0.1:8000/')).toBe(7)
    expect(await curl(world.host, 'http://127.0.0.1:8002/')).toBe(7)
    await deleteTable('ocilab_nattest_c', world.host.path)
    await deleteTable('ocilab_nattest_c', world.host.path)
    expect(await curl(world.outside, 'http://192.0.2.1:8000/')).toBe(7)
  })

  it('is one of several in a container, and gets back what was taken away by hand', async () => {
    await joinNetwork(names, container.path, {}, options())
    const second = await joinNetwork(other, container.path, { link: 'eth1' }, options())
    const [host, guest] = await topology([container.path], { ...options(), rules: true })
    const shown = guest!.addresses.filter(({ scope }) => scope === 0).map(({ link, address }) => `${link} ${address}`)
    expect(shown).toEqual([
      expect.stringMatching(/^eth0 10\./),
      expect.stringMatching(/^eth1 10\./),
      expect.stringMatching(/^eth0 fd00:7::2\/64/),
      expect.stringMatching(/^eth1 fd/),
    ])
    expect(guest!.links.find(({ name }) => name === 'eth0')).toMatchObject({ mtu: 1400, peer: expect.any(String) })
    expect(guest!.routes.filter(({ destination }) => destination === 'default').map(({ link }) => link)).toEqual([
      'eth0',
      'eth0',
    ])
    expect(host!.rules!.filter(object => 'table' in object)).toHaveLength(2)
    await second.delete()

    await inside(world.host, 'ip', 'link', 'del', names.bridge)
    await joinNetwork(names, (await world.guest()).path, {}, options())
    expect((await topology([], options()))[0]!.links.filter(({ master }) => master === names.bridge)).toHaveLength(1)
    await deleteTable(names.table, world.host.path)
    await openNetwork(names, options())
    expect(await tableNames(world.host.path)).toContain(names.table)
  })
})
