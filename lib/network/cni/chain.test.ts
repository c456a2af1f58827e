import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { LabEvent } from '../../events.ts'
import {
  addToNetwork,
  checkNetwork,
  collectGarbage,
  deleteFromNetwork,
  deleteRemembered,
  networkStatus,
  pluginVersions,
} from './chain.ts'
import { parseNetworkConfig } from './config.ts'
import { testPlugins } from './testPlugins.ts'

const TO = { containerId: 'c1', netns: '/nowhere' }
let plugins: ReturnType<typeof testPlugins>
let events: LabEvent[]
const options = () => ({
  path: plugins.path,
  cacheFolder: plugins.cacheFolder,
  onEvent: (e: LabEvent) => events.push(e),
})
const network = (more: object = {}) =>
  parseNetworkConfig(
    JSON.stringify({
      cniVersion: '1.1.0',
      name: 'net',
      plugins: [
        { type: 'one', own: { kept: 1 } },
        { type: 'two', capabilities: { portMappings: true, mac: false } },
      ],
      ...more,
    }),
  )
const results = () => {
  const folder = join(plugins.cacheFolder, 'results')
  return existsSync(folder) ? readdirSync(folder) : []
}
const order = () => plugins.calls().map(({ plugin, command }) => `${command} ${plugin}`)
const fail = (command: string, report: string) => `[ $CNI_COMMAND != ${command} ] || { echo '${report}'; exit 1; }`

beforeEach(() => {
  plugins = testPlugins()
  events = []
  for (const name of ['one', 'two']) plugins.make(name)
})
afterEach(() => plugins.close())

describe('a chain', () => {
  it('ADD goes forward, each with what the one before answered, and DEL back, each with the last answer', async () => {
    const asked = {
      ...TO,
      args: [['IP', '10.0.0.9']] as const,
      capabilityArgs: { portMappings: [1], mac: 'x', ips: [] },
    }
    expect(await addToNetwork(network(), asked, options())).toEqual({ interfaces: [{ name: 'two' }] })
    const [one, two] = plugins.calls()
    expect(one!.config).toEqual({ type: 'one', own: { kept: 1 }, name: 'net', cniVersion: '1.1.0' })
    expect(one!.env).toEqual({
      ...{ COMMAND: 'ADD', CONTAINERID: 'c1', NETNS: '/nowhere', IFNAME: 'eth0', ARGS: 'IP=10.0.0.9' },
      PATH: plugins.folder,
    })
    expect(two!.config).toEqual({
      type: 'two',
      name: 'net',
      cniVersion: '1.1.0',
      runtimeConfig: { portMappings: [1] },
      prevResult: { cniVersion: '1.1.0', interfaces: [{ name: 'one' }] },
    })
    expect(results()).toEqual(['net-c1-eth0'])

    await checkNetwork(network(), TO, options())
    const last = { cniVersion: '1.1.0', interfaces: [{ name: 'two' }] }
    expect(plugins.calls().map(call => [call.command, call.plugin, call.config.prevResult])).toEqual([
      ['CHECK', 'one', last],
      ['CHECK', 'two', last],
    ])
    await deleteFromNetwork(network(), TO, options())
    expect(plugins.calls().map(call => [call.command, call.plugin, call.config.prevResult])).toEqual([
      ['DEL', 'two', last],
      ['DEL', 'one', last],
    ])
    expect(results()).toEqual([])
    await deleteFromNetwork(network(), TO, options())
    expect(plugins.calls().map(call => call.config.prevResult)).toEqual([undefined, undefined])
  })

  it('one that fails is named with its error, and the whole chain is told DEL', async () => {
    plugins.make('two', fail('ADD', '{"code":7,"msg":"no","details":"because"}'))
    await expect(addToNetwork(network(), TO, options())).rejects.toMatchObject({
      code: 'CNI_FAILED',
      message: 'two ADD: no: because (CNI error 7)',
      data: { where: 'two', command: 'ADD', cniCode: 7, msg: 'no', details: 'because' },
    })
    expect(order()).toEqual(['ADD one', 'ADD two', 'DEL two', 'DEL one'])
    expect(results()).toEqual([])
    expect(events.map(({ type }) => type)).toEqual(['command', 'change', 'undone'])
  })

  it('what cannot be taken back is told too, and is remembered until it can', async () => {
    plugins.make('two', `${fail('ADD', '{"code":7,"msg":"no"}')}\n${fail('DEL', '{"code":5,"msg":"stuck"}')}`)
    await expect(addToNetwork(network(), TO, options())).rejects.toThrow(/two ADD: no .*two DEL: stuck/)
    expect(results()).toEqual(['net-c1-eth0'])
    plugins.make('two')
    plugins.calls()
    await deleteRemembered(join(plugins.cacheFolder, 'results/net-c1-eth0'), plugins.path)
    expect(order()).toEqual(['DEL two', 'DEL one'])
    expect(results()).toEqual([])
  })

  it('has left word before the first plugin: a crash in the middle is found by GC', async () => {
    plugins.make(
      'two',
      `[ $CNI_COMMAND != ADD ] || cp -r '${plugins.cacheFolder}' '${plugins.folder}/crashed'; echo '{}'`,
    )
    await addToNetwork(network(), TO, options())
    plugins.calls()
    const then = { ...options(), cacheFolder: join(plugins.folder, 'crashed') }
    await collectGarbage(network(), [], then)
    expect(order()).toEqual(['DEL two', 'DEL one', 'GC one', 'GC two'])
  })

  it('is not made twice: the first attachment stays', async () => {
    await addToNetwork(network(), TO, options())
    plugins.calls()
    await expect(addToNetwork(network(), TO, options())).rejects.toMatchObject({ code: 'NETWORK_EXISTS' })
    await addToNetwork(network(), { ...TO, ifName: 'eth1' }, options())
    expect(order()).toEqual(['ADD one', 'ADD two'])
    expect(results()).toEqual(['net-c1-eth0', 'net-c1-eth1'])
  })

  it('GC tells DEL for what is not in the list, gives the list to each plugin, and goes on when one fails', async () => {
    for (const containerId of ['c1', 'c2']) await addToNetwork(network(), { ...TO, containerId }, options())
    plugins.make('one', fail('GC', '{"code":999,"msg":"cannot"}'))
    plugins.calls()
    const valid = [{ containerID: 'c2', ifname: 'eth0' }]
    await expect(collectGarbage(network(), valid, options())).rejects.toThrow('one GC: cannot')
    const calls = plugins.calls()
    expect(calls.map(({ plugin, command, env }) => `${command} ${plugin} ${env.CONTAINERID}`)).toEqual([
      'DEL two c1',
      'DEL one c1',
      'GC one ',
      'GC two ',
    ])
    expect(calls.at(-1)!.config['cni.dev/valid-attachments']).toEqual(valid)
    expect(results()).toEqual(['net-c2-eth0'])
    await collectGarbage(network({ disableGC: true }), [], options())
    expect(order()).toEqual([])
  })

  it.each([
    ['0.3.1: no prevResult at DEL, no GC, no STATUS', '0.3.1', ['DEL two -', 'DEL one -']],
    ['0.4.0: prevResult at DEL', '0.4.0', ['DEL two +', 'DEL one +']],
    ['1.1.0: all', '1.1.0', ['STATUS one -', 'STATUS two -', 'DEL two +', 'DEL one +', 'GC one -', 'GC two -']],
  ])('%s', async (_, cniVersion, wanted) => {
    const old = network({ cniVersion })
    await addToNetwork(old, TO, options())
    plugins.calls()
    await networkStatus(old, options())
    await deleteFromNetwork(old, TO, options())
    await collectGarbage(old, [], options())
    const seen = plugins.calls().map(it => `${it.command} ${it.plugin} ${it.config.prevResult ? '+' : '-'}`)
    expect(seen).toEqual(wanted)
  })

  it('a result of another version is turned into the words of the configuration’s', async () => {
    const result = `[ $CNI_COMMAND != ADD ] || echo '{"cniVersion":"1.0.0","ips":[{"address":"fd00::2/64"}]}'`
    plugins.make('one', result)
    await addToNetwork(network({ cniVersion: '0.4.0' }), TO, options())
    expect(plugins.calls()[1]!.config.prevResult).toEqual({
      cniVersion: '0.4.0',
      ips: [{ version: '6', address: 'fd00::2/64' }],
    })
  })

  it('CHECK is never asked where the list says so, nor before 0.4.0, nor before ADD', async () => {
    await checkNetwork(network({ disableCheck: true }), TO, options())
    await expect(checkNetwork(network({ cniVersion: '0.3.1' }), TO, options())).rejects.toThrow(
      'CHECK needs cniVersion 0.4.0',
    )
    await expect(checkNetwork(network(), TO, options())).rejects.toMatchObject({ code: 'CONTAINER_UNKNOWN' })
    expect(order()).toEqual([])
  })

  it('versions are what the plugin says', async () => {
    plugins.make('one', `echo '{"supportedVersions":["0.4.0","1.0.0"]}'`)
    expect(await pluginVersions('one', options())).toEqual(['0.4.0', '1.0.0'])
  })
})

describe('a plugin that', () => {
  // SPEC.md § Error: every well-known code, and what a plugin may do instead of following it.
  it.each([1, 2, 3, 4, 5, 6, 7, 11, 50, 51, 100])('fails with code %i', async code => {
    plugins.make('one', fail('STATUS', JSON.stringify({ code, msg: 'said' })))
    await expect(networkStatus(network(), options())).rejects.toMatchObject({ data: { cniCode: code, msg: 'said' } })
  })

  it.each([
    ['is not there', () => undefined, 'gone', 'TOOL_MISSING', 'no such plugin'],
    [
      'cannot be run',
      () => writeFileSync(join(plugins.folder, 'gone'), 'x', { mode: 0o644 }),
      'gone',
      'TOOL_MISSING',
      'no such plugin',
    ],
    [
      'is no program',
      () => writeFileSync(join(plugins.folder, 'gone'), '#!/no/such\n', { mode: 0o755 }),
      'gone',
      'TOOL_MISSING',
      'cannot be run',
    ],
    [
      'prints no JSON',
      () => plugins.make('one', 'echo oops'),
      'one',
      'PROTOCOL',
      'its answer is not JSON (got "oops")',
    ],
    ['ends without a word', () => plugins.make('one', 'exit 3'), 'one', 'CNI_FAILED', 'ended with 3'],
    ['is killed', () => plugins.make('one', 'kill -9 $$'), 'one', 'CNI_FAILED', 'ended with SIGKILL'],
    [
      'says why on stderr alone',
      () => plugins.make('one', 'echo panic: x >&2; exit 2'),
      'one',
      'CNI_FAILED',
      'panic: x',
    ],
    ['does not read', () => plugins.make('one', 'exec 0<&-; exit 4'), 'one', 'CNI_FAILED', 'ended with 4'],
  ])('%s is named', async (_, make, type, code, message) => {
    make()
    await expect(addToNetwork(network({ plugins: [{ type }] }), TO, options())).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    })
    await expect(pluginVersions(type, options())).rejects.toThrow(type)
  })

  it('is stopped with the one who asked', async () => {
    plugins.make('two', 'exec sleep 60')
    const asked = deleteFromNetwork(network(), TO, { ...options(), signal: AbortSignal.timeout(200) })
    await expect(asked).rejects.toThrow('aborted')
  })
})

describe('bad input', () => {
  it.each([
    ['a container without a name', { containerId: '' }, 3],
    ['a container whose name leads elsewhere', { containerId: '../x' }, 4],
    ['a link without a name', { ifName: '' }, 4],
    ['a link’s name that is too long', { ifName: 'a234567890123456' }, 4],
    ['a link’s name with a slash', { ifName: 'a/b' }, 4],
    ['a link called ..', { ifName: '..' }, 4],
    ['a link’s name with %d', { ifName: 'eth%d' }, 4],
  ])('%s', async (_, given, cniCode) => {
    await expect(addToNetwork(network(), { ...TO, ...given }, options())).rejects.toMatchObject({ data: { cniCode } })
    expect(order()).toEqual([])
  })
})
