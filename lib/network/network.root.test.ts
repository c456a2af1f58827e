import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { LabEvent } from '../events.ts'
import { labNames } from './names.ts'
import { netnsExists, newNetns, type OpenNetns } from './netns.ts'
import { applyPlan, networkPlan, shortPlan, undoPlan } from './plan.ts'
import { topology } from './topology.ts'

// A namespace plays the host: the machine's own network is never touched.
const names = labNames('nettest')
let host: OpenNetns
let events: LabEvent[]
const options = () => ({ netns: host.path, onEvent: (event: LabEvent) => events.push(event) })
const linksOf = async () => (await topology([], { netns: host.path }))[0]!.links.map(link => link.name)

beforeEach(async () => {
  host = await newNetns()
  events = []
})
afterEach(async () => {
  await undoPlan(networkPlan(names), { netns: host.path })
  host.close()
})

describe('a plan', () => {
  it('makes what it says, in order, and tells of each change before it', async () => {
    await applyPlan(networkPlan(names), options())
    const [outside, inside] = await topology([names.netnsPath], { netns: host.path })
    expect(outside!.links.map(({ name, master, up }) => ({ name, master, up }))).toEqual([
      { name: 'lo', master: undefined, up: false },
      { name: names.bridge, master: undefined, up: true },
      { name: names.vethHost, master: names.bridge, up: true },
    ])
    expect(inside!.addresses.map(({ link, address }) => `${link} ${address}`)).toContain(
      `eth0 ${names.containerAddress}/24`,
    )
    expect(inside!.routes.find(route => route.destination === 'default')).toMatchObject({
      gateway: names.bridgeAddress,
      link: 'eth0',
    })
    const told = events.map(event =>
      event.type === 'command' ? event.line.split(' ').slice(0, 3).join(' ') : event.type,
    )
    expect(told.slice(0, 2)).toEqual([`brctl addbr ${names.bridge}`, 'change'])
    expect(told.filter(type => type === 'change')).toHaveLength(3)
  })

  it('leaves in the short way what the article’s leaves', async () => {
    const shape = async () => {
      const places = await topology([names.netnsPath], { netns: host.path })
      const changing = { index: 0, mac: '', masterIndex: 0, peerIndex: 0, peerNetns: 0 }
      return places.map(({ links, addresses, routes }) => ({
        links: links.map(link => ({ ...link, ...changing })),
        addresses: addresses.filter(({ address }) => !address.includes(':')),
        routes: routes.filter(({ destination }) => !destination.includes(':')),
      }))
    }
    await applyPlan(networkPlan(names), options())
    const long = await shape()
    await undoPlan(networkPlan(names), options())
    await applyPlan(shortPlan(names), options())
    expect(await shape()).toEqual(long)
  })

  it('is taken back whole, twice too', async () => {
    await applyPlan(networkPlan(names), options())
    await undoPlan(networkPlan(names), options())
    await undoPlan(networkPlan(names), options())
    expect(await linksOf()).toEqual(['lo'])
    expect(netnsExists(names.netnsPath)).toBe(false)
  })

  it('refuses what is there already, and leaves it as it is', async () => {
    await applyPlan(networkPlan(names), options())
    // Addresses of the link's own, fe80::…, come by themselves, and late.
    const addresses = async () =>
      (await topology([names.netnsPath], { netns: host.path })).map(place =>
        place.addresses.filter(({ address }) => !address.startsWith('fe80:')),
      )
    const before = await addresses()
    await expect(applyPlan(networkPlan(names), options())).rejects.toMatchObject({ code: 'NETWORK_EXISTS' })
    expect(await addresses()).toEqual(before)
  })

  it.each(networkPlan(names).map((_step, index) => index))(
    'takes back what it did when it is stopped before step %i',
    async index => {
      const controller = new AbortController()
      let commands = 0
      const onEvent = (event: LabEvent) => {
        if (event.type === 'command' && ++commands === index) controller.abort(new Error('stop'))
      }
      const stopped = applyPlan(networkPlan(names), { netns: host.path, signal: controller.signal, onEvent })
      if (index > 0) await expect(stopped).rejects.toThrow('stop')
      else {
        await stopped
        await undoPlan(networkPlan(names), { netns: host.path })
      }
      expect(await linksOf()).toEqual(['lo'])
      expect(netnsExists(names.netnsPath)).toBe(false)
    },
  )
})

describe('names that cannot be', () => {
  it.each([
    [{ bridge: 'a-name-of-16-byt' }, 'bridge'],
    [{ bridge: 'a/b' }, 'bridge'],
    [{ vethHost: '..' }, 'vethHost'],
    [{ vethHost: 'a b' }, 'vethHost'],
    [{ vethHost: 'v%d' }, 'vethHost'],
    [{ vethGuest: names.vethHost }, 'links'],
    [{ netns: '../x' }, 'netns'],
    [{ netns: 'a/b' }, 'netns'],
    [{ subnet: '10.0.0.0/33' }, 'subnet'],
    [{ subnet: '0.0.0.0/0' }, 'subnet'],
    [{ bridgeAddress: '10.1.1.1' }, 'bridgeAddress'],
    [{ containerAddress: names.bridgeAddress }, 'containerAddress'],
  ])('%j', (change, where) =>
    expect(() => networkPlan({ ...names, ...change })).toThrow(
      expect.objectContaining({ code: 'ARGUMENT_INVALID', data: expect.objectContaining({ where }) }),
    ),
  )
})
