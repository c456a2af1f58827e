import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { labNames } from './names.ts'
import { newNetns, type OpenNetns } from './netns.ts'
import { createNetwork, type Network, openNetwork } from './network.ts'
import { topology } from './topology.ts'

// A namespace plays the host; a subnet of /29 is soon full.
const names = {
  ...labNames('attach'),
  subnet: '10.231.0.0/29',
  bridgeAddress: '10.231.0.1',
  containerAddress: '10.231.0.2',
}
let host: OpenNetns
let guests: OpenNetns[]
let network: Network

beforeEach(async () => {
  host = await newNetns()
  guests = await Promise.all(Array.from({ length: 7 }, newNetns))
  network = await createNetwork(names, { netns: host.path })
})
afterEach(async () => {
  await network.delete()
  for (const netns of [host, ...guests]) netns.close()
})

const hostLinks = async () => (await topology([], { netns: host.path }))[0]!.links.map(link => link.name)

describe('a network', () => {
  it('gives each container an eth0 with an address of its own, also when they come at once', async () => {
    const ends = await Promise.all(guests.slice(0, 5).map(guest => network.attach(guest.path)))
    expect(ends.map(end => end.address).sort()).toEqual([
      '10.231.0.2',
      '10.231.0.3',
      '10.231.0.4',
      '10.231.0.5',
      '10.231.0.6',
    ])
    await expect(network.attach(guests[5]!.path)).rejects.toMatchObject({
      code: 'NETWORK_EXISTS',
      message: expect.stringContaining('every address is taken'),
    })
    await ends[1]!.delete()
    await ends[1]!.delete()
    expect((await network.attach(guests[6]!.path)).address).toBe(ends[1]!.address)
  })

  it('gives the address asked for, once', async () => {
    const end = await network.attach(guests[0]!.path, '10.231.0.5')
    const [, inside] = await topology([guests[0]!.path], { netns: host.path })
    expect(inside!.addresses.map(({ link, address }) => `${link} ${address}`)).toContain('eth0 10.231.0.5/29')
    await expect(network.attach(guests[1]!.path, '10.231.0.5')).rejects.toMatchObject({ code: 'NETWORK_EXISTS' })
    await expect(network.attach(guests[1]!.path, '10.232.0.5')).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
    await expect(network.attach('/etc/passwd')).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
    await end.delete()
    expect(await hostLinks()).toEqual(['lo', names.bridge])
  })

  it('is opened again by name, and not when its bridge is another’s', async () => {
    expect((await openNetwork(names, { netns: host.path })).gateway).toBe('10.231.0.1')
    await expect(openNetwork({ ...names, bridgeAddress: '10.231.0.6' }, { netns: host.path })).rejects.toMatchObject({
      code: 'NETWORK_EXISTS',
    })
    await network.delete()
    expect(await hostLinks()).toEqual(['lo'])
  })
})
