import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { serve } from './main.ts'

let dataDir: string
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'ocilab-leases-'))
})
afterEach(() => rmSync(dataDir, { recursive: true, force: true }))

const ENV = { CNI_COMMAND: 'ADD', CNI_CONTAINERID: 'c1', CNI_NETNS: '/nowhere', CNI_IFNAME: 'eth0', CNI_PATH: '/x' }
const CONFIG = { cniVersion: '1.1.0', name: 'net' }

async function ask(plugin: string, config: object | string, env: Record<string, string | undefined> = {}) {
  const stdin = typeof config === 'string' ? config : JSON.stringify({ ...CONFIG, ...config })
  const { out, status } = await serve(plugin, { ...ENV, ...env }, stdin)
  return { status, answer: out === '' ? undefined : JSON.parse(out) }
}
const lease = (ipam: object, env: Record<string, string> = {}, more: object = {}) =>
  ask('host-local', { ipam: { type: 'host-local', dataDir, ...ipam }, ...more }, env)
const leases = () =>
  readdirSync(join(dataDir, 'net'))
    .filter(name => /^\d+\.|:/.test(name))
    .sort()

// SPEC.md § Error: the well-known codes; what they are for, and what must be in the message.
describe('an error', () => {
  it.each<[string, string, object | string, Record<string, string | undefined>, number, RegExp]>([
    ['no command', 'bridge', {}, { CNI_COMMAND: undefined }, 4, /CNI_COMMAND/],
    ['an unknown command', 'bridge', {}, { CNI_COMMAND: 'FLY' }, 4, /CNI_COMMAND.*FLY/],
    ['no namespace at ADD', 'bridge', {}, { CNI_NETNS: undefined }, 4, /CNI_NETNS/],
    [
      'no container and no name',
      'bridge',
      {},
      { CNI_CONTAINERID: '', CNI_IFNAME: '' },
      4,
      /CNI_CONTAINERID, CNI_IFNAME/,
    ],
    ['a container that is a path', 'bridge', {}, { CNI_CONTAINERID: '../x' }, 4, /CNI_CONTAINERID/],
    ['a link’s name of 16 bytes', 'bridge', {}, { CNI_IFNAME: 'a234567890123456' }, 4, /CNI_IFNAME/],
    ['arguments that are none', 'host-local', {}, { CNI_ARGS: 'IP' }, 4, /CNI_ARGS/],
    ['no JSON', 'bridge', '{', {}, 6, /decoded/],
    ['a list', 'bridge', 'null', {}, 6, /not an object/],
    ['no name', 'bridge', '{"cniVersion":"1.0.0"}', {}, 7, /network name/],
    ['a name that is a path', 'bridge', { name: '../x' }, {}, 7, /network name/],
    ['a version of the future', 'bridge', { cniVersion: '2.0.0' }, {}, 1, /incompatible.*2\.0\.0/],
    ['a version of the past', 'bridge', { cniVersion: '0.2.0' }, {}, 1, /incompatible/],
    ['CHECK before 0.4.0', 'bridge', { cniVersion: '0.3.1' }, { CNI_COMMAND: 'CHECK' }, 1, /CHECK/],
    ['GC before 1.1.0', 'bridge', { cniVersion: '1.0.0' }, { CNI_COMMAND: 'GC' }, 1, /GC/],
    ['STATUS before 1.1.0', 'bridge', { cniVersion: '1.0.0' }, { CNI_COMMAND: 'STATUS' }, 1, /STATUS/],
    ['what is not made here', 'bridge', { vlan: 7 }, {}, 2, /vlan: 7/],
    [
      'a hardware address that is none',
      'bridge',
      { args: { cni: { mac: 'x' } } },
      // The test's own namespace, in which there may be an eth0.
      { CNI_NETNS: '/proc/self/ns/net', CNI_IFNAME: 'ocilab-none' },
      7,
      /mac/,
    ],
    ['a namespace that is gone', 'bridge', {}, {}, 3, /\/nowhere/],
    ['a chained plugin alone', 'portmap', {}, {}, 7, /prevResult/],
    [
      'a port of 0',
      'portmap',
      { prevResult: {}, runtimeConfig: { portMappings: [{ hostPort: 0 }] } },
      {},
      7,
      /hostPort/,
    ],
    [
      'a protocol of its own',
      'portmap',
      { prevResult: {}, runtimeConfig: { portMappings: [{ hostPort: 1, containerPort: 1, protocol: 'sctp' }] } },
      {},
      2,
      /protocol: sctp/,
    ],
    ['no ranges', 'host-local', { ipam: {} }, {}, 7, /no IP ranges/],
    ['no ipam', 'host-local', {}, {}, 7, /IPAM/],
  ])('%s', async (_, plugin, config, env, code, said) => {
    const { status, answer } = await ask(plugin, config, env)
    expect([status, answer.code, `${answer.msg}: ${answer.details}`]).toEqual([1, code, expect.stringMatching(said)])
  })

  it('VERSION needs nothing at all', async () => {
    const { status, answer } = await ask('bridge', '', { CNI_COMMAND: 'VERSION', CNI_PATH: undefined })
    expect([status, answer.supportedVersions]).toEqual([0, ['0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0']])
  })
})

describe('host-local', () => {
  const subnet = '10.1.0.0/29'

  it.each([
    ['too small', { subnet: '10.1.0.0/31' }, 'too small'],
    ['with host bits', { subnet: '10.1.0.1/24' }, 'host bits'],
    ['that is none', { subnet: '10.1/16' }, 'subnet'],
    ['/33', { subnet: '10.1.0.0/33' }, 'subnet'],
    ['begun elsewhere', { subnet, rangeStart: '10.2.0.1' }, '10.2.0.1 is not in'],
    ['backwards', { subnet, rangeStart: '10.1.0.5', rangeEnd: '10.1.0.3' }, 'behind'],
    ['of two families', { subnet, rangeEnd: 'fd00::1' }, 'not in'],
    ['twice', { ranges: [[{ subnet }], [{ subnet }]] }, 'overlap'],
  ])('refuses a range %s', async (_, ipam, said) => {
    const { answer } = await lease(ipam)
    expect([answer.code, `${answer.msg} ${answer.details}`]).toEqual([7, expect.stringContaining(said)])
  })

  it('gives each its own, never the gateway’s, until none is left; then what was given back', async () => {
    const given = []
    for (let i = 0; i < 5; i++) given.push((await lease({ subnet }, { CNI_CONTAINERID: `c${i}` })).answer.ips)
    expect(given).toEqual([2, 3, 4, 5, 6].map(n => [{ address: `10.1.0.${n}/29`, gateway: '10.1.0.1' }]))
    const full = await lease({ subnet }, { CNI_CONTAINERID: 'c9' })
    expect(full.answer).toMatchObject({ code: 999, msg: 'no IP addresses available in range set: 10.1.0.1-10.1.0.6' })
    expect((await lease({ subnet }, { CNI_COMMAND: 'STATUS' })).answer).toMatchObject({ code: 50 })
    const del = { CNI_COMMAND: 'DEL', CNI_CONTAINERID: 'c1', CNI_NETNS: '' }
    for (let i = 0; i < 2; i++) expect(await lease({ subnet }, del)).toEqual({ status: 0, answer: undefined })
    expect((await lease({ subnet }, { CNI_COMMAND: 'STATUS' })).status).toBe(0)
    expect((await lease({ subnet }, { CNI_CONTAINERID: 'c9' })).answer.ips[0].address).toBe('10.1.0.3/29')
  })

  it.each([
    ['CNI_ARGS', { CNI_ARGS: 'IgnoreUnknown=1;IP=10.1.0.4' }, {}],
    ['args.cni', {}, { args: { cni: { ips: ['10.1.0.4'] } } }],
    ['the capability ips', {}, { runtimeConfig: { ips: ['10.1.0.4/29'] } }],
  ])('gives the address asked for by %s, once', async (_, env, more) => {
    expect((await lease({ subnet }, env, more)).answer.ips[0].address).toBe('10.1.0.4/29')
    expect((await lease({ subnet }, { ...env, CNI_CONTAINERID: 'c2' }, more)).answer.msg).toContain('not available')
    expect(leases()).toEqual(['10.1.0.4'])
  })

  it('refuses what is outside, the gateway’s, and a second one for the same link', async () => {
    expect((await lease({ subnet }, { CNI_ARGS: 'IP=10.2.0.4' })).answer).toMatchObject({
      code: 7,
      details: '10.2.0.4',
    })
    expect((await lease({ subnet }, { CNI_ARGS: 'IP=10.1.0.1' })).answer.code).toBe(7)
    await lease({ subnet })
    expect((await lease({ subnet })).answer.msg).toContain('10.1.0.2 has been allocated to c1')
    expect((await lease({ subnet }, { CNI_IFNAME: 'eth1' })).answer.ips[0].address).toBe('10.1.0.3/29')
  })

  it('one address of each set, of both families; when one set is full nothing is kept of the other', async () => {
    const ranges = [[{ subnet }], [{ subnet: 'fd00::/64', rangeStart: 'fd00::10', rangeEnd: 'fd00::10' }]]
    const routes = [{ dst: '0.0.0.0/0' }, { dst: '::/0' }]
    expect((await lease({ ranges, routes })).answer).toMatchObject({
      ips: [{ address: '10.1.0.2/29' }, { address: 'fd00::10/64', gateway: 'fd00::1' }],
      routes,
    })
    expect((await lease({ ranges }, { CNI_CONTAINERID: 'c2' })).answer.msg).toContain('fd00::10-fd00::10')
    expect(leases()).toEqual(['10.1.0.2', 'fd00::10'])
  })

  it('before 1.0.0 an address says its family', async () => {
    expect((await lease({ subnet }, {}, { cniVersion: '0.4.0' })).answer.ips[0].version).toBe('4')
  })

  it('GC keeps what is valid; CHECK says what is not reserved', async () => {
    for (const CNI_CONTAINERID of ['c1', 'c2']) await lease({ subnet }, { CNI_CONTAINERID })
    const valid = { 'cni.dev/valid-attachments': [{ containerID: 'c2', ifname: 'eth0' }] }
    expect((await lease({ subnet }, { CNI_COMMAND: 'GC' }, valid)).status).toBe(0)
    expect(leases()).toEqual(['10.1.0.3'])
    expect((await lease({ subnet }, { CNI_COMMAND: 'CHECK', CNI_CONTAINERID: 'c2' })).status).toBe(0)
    expect((await lease({ subnet }, { CNI_COMMAND: 'CHECK' })).answer.msg).toContain('no address is reserved for c1')
  })

  it('tells the servers of a resolv.conf', async () => {
    const resolvConf = join(dataDir, 'resolv.conf')
    writeFileSync(resolvConf, '# x\nnameserver 10.0.0.1\nnameserver  10.0.0.2\nsearch a b\noptions ndots:2\n')
    expect((await lease({ subnet, resolvConf })).answer.dns).toEqual({
      nameservers: ['10.0.0.1', '10.0.0.2'],
      search: ['a', 'b'],
      options: ['ndots:2'],
    })
  })

  it('writes what the real one writes', async () => {
    await lease({ subnet })
    const read = (name: string) => readFileSync(join(dataDir, 'net', name), 'utf8')
    expect([read('10.1.0.2'), read('last_reserved_ip.0'), existsSync(join(dataDir, 'net/lock'))]).toEqual([
      'c1\r\neth0',
      '10.1.0.2',
      true,
    ])
  })

  it('whoever comes and goes: no address is two’s, and the count is right', async () => {
    const moves = fc.array(fc.tuple(fc.constantFrom('ADD', 'DEL'), fc.nat(7)), { maxLength: 25 })
    await fc.assert(
      fc.asyncProperty(moves, async moves => {
        rmSync(join(dataDir, 'net'), { recursive: true, force: true })
        const has = new Map<string, string>()
        for (const [CNI_COMMAND, n] of moves) {
          const CNI_CONTAINERID = `c${n}`
          const { status, answer } = await lease({ subnet }, { CNI_COMMAND, CNI_CONTAINERID })
          if (CNI_COMMAND === 'DEL') has.delete(CNI_CONTAINERID)
          else {
            expect(status === 0).toBe(!has.has(CNI_CONTAINERID) && has.size < 5)
            if (status === 0) has.set(CNI_CONTAINERID, answer.ips[0].address.split('/')[0])
          }
        }
        if (moves.length > 0) expect(leases()).toEqual([...has.values()].sort())
        expect(new Set(has.values()).size).toBe(has.size)
      }),
      { numRuns: 40 },
    )
  })
})
