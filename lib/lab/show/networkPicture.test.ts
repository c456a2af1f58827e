import { describe, expect, it } from 'vitest'
import { publishTable } from '../../network/nat.ts'
import type { Place } from '../../network/topology.ts'
import { networkPicture } from './networkPicture.ts'
import { readMermaid } from './testMermaid.ts'

const NETNS = '/run/netns/demo'
const link = (name: string, more = {}) => ({ index: 1, name, up: true, ...more })
const address = (on: string, text: string) => ({ link: on, address: text, scope: 0, permanent: true })

const host: Place = {
  links: [
    link('lo'),
    link('runc0', { kind: 'bridge' }),
    link('veth-host', { kind: 'veth', master: 'runc0', peer: 'eth0' }),
  ],
  addresses: [address('runc0', '10.200.0.1/24')],
  routes: [],
}
const inside: Place = {
  netns: NETNS,
  links: [link('eth0', { kind: 'veth', peer: 'veth-host' })],
  addresses: [address('eth0', '10.200.0.2/24')],
  routes: [{ destination: 'default', gateway: '10.200.0.1', link: 'eth0' } as Place['routes'][number]],
}
const goal = {
  links: [
    { name: 'runc0', addresses: ['10.200.0.1/24'] },
    { name: 'veth-host', master: 'runc0' },
    { netns: NETNS, name: 'eth0', addresses: ['10.200.0.2/24'] },
  ],
  cables: [['veth-host', 'eth0']] as const,
}

describe('the network as it is', () => {
  it('says all that is there, and nothing is missing', async () => {
    const { text, mermaid } = networkPicture([host, inside], goal).en
    expect(text).toBe(
      [
        'host',
        '  lo  up',
        '  runc0  bridge  up  10.200.0.1/24',
        '  veth-host  veth  up  in runc0  cable to eth0',
        'netns demo',
        '  eth0  veth  up  10.200.0.2/24  cable to veth-host',
        '  route default via 10.200.0.1 dev eth0',
      ].join('\n'),
    )
    expect(mermaid).not.toContain('missing')
    expect(mermaid!.match(/<-->/g)).toHaveLength(1)
    await readMermaid(mermaid!)
  })

  it.each<[string, Place[], string[]]>([
    [
      'before anything is made',
      [{ links: [link('lo')], addresses: [], routes: [] }],
      [
        'missing: runc0 in host',
        'missing: veth-host in host',
        'missing: eth0 in netns demo',
        'missing: 10.200.0.1/24 on runc0',
        'missing: 10.200.0.2/24 on eth0',
        'missing: veth-host in runc0',
        'missing: veth-host ↔ eth0',
      ],
    ],
    ['without the address', [host, { ...inside, addresses: [] }], ['missing: 10.200.0.2/24 on eth0']],
    [
      'not plugged in',
      [{ ...host, links: host.links.map(it => ({ ...it, master: undefined })) }, inside],
      ['missing: veth-host in runc0'],
    ],
  ])('says what is missing %s', async (_when, places, missing) => {
    const { text, mermaid } = networkPicture(places, goal).en
    expect(text.split('\n').filter(line => line.startsWith('missing'))).toEqual(missing)
    expect(mermaid).toContain('(missing)')
    await readMermaid(mermaid!)
  })
})

it('a published port leads to the link that has the address', async () => {
  const ports = [
    { protocol: 'tcp', hostIp: '0.0.0.0', hostPort: 8000, containerPort: 80 },
    { protocol: 'udp', hostIp: '192.0.2.1', hostPort: 53, containerPort: 53 },
  ] as const
  const commands = publishTable('t', { bridge: 'runc0', address: '10.200.0.2' }, ports)
  const rules = commands.flatMap(command => ('add' in command ? [command.add] : []))
  const { text, mermaid } = networkPicture([{ ...host, rules }, inside]).en
  expect(text).toContain('  port 0.0.0.0:8000/tcp → 10.200.0.2:80\n  port 192.0.2.1:53/udp → 10.200.0.2:53\n')
  expect(mermaid!.match(/dnat :(80|53)/g)).toHaveLength(2)
  await readMermaid(mermaid!)
})
