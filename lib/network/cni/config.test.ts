import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadNetworkConfig, parseNetworkConfig } from './config.ts'

const parse = (config: unknown) =>
  parseNetworkConfig(typeof config === 'string' ? config : JSON.stringify(config), 'file')
const plugins = [{ type: 'bridge' }]

describe('a configuration', () => {
  it.each([
    ['one version', { cniVersion: '0.4.0' }, '0.4.0'],
    ['the newest of a list', { cniVersion: '0.4.0', cniVersions: ['1.0.0', '0.3.1'] }, '1.0.0'],
    ['the newest that is known here', { cniVersions: ['1.1.0', '9.0.0'] }, '1.1.0'],
  ])('%s', (_, given, version) => expect(parse({ name: 'a', plugins, ...given }).cniVersion).toBe(version))

  it('a single plugin is a list of one', () => {
    const { plugins } = parse({ cniVersion: '0.4.0', name: 'a', type: 'bridge', x: 1 })
    expect(plugins).toEqual([{ cniVersion: '0.4.0', name: 'a', type: 'bridge', x: 1 }])
  })

  it('"true" is true, as for libcni', () => {
    const asked = parse({ cniVersion: '1.0.0', name: 'a', plugins, disableCheck: 'true', disableGC: true })
    expect([asked.disableCheck, asked.disableGC]).toEqual([true, true])
  })

  it.each([
    ['no JSON', '{', 'not JSON'],
    ['no object', '[]', 'want an object'],
    ['no name', { cniVersion: '1.0.0', plugins }, 'missing network name'],
    ['a name that leads elsewhere', { cniVersion: '1.0.0', name: '../a', plugins }, 'network name: ../a'],
    ['no plugins', { cniVersion: '1.0.0', name: 'a', plugins: [] }, 'want a list of plugins'],
    ['plugins that are none', { cniVersion: '1.0.0', name: 'a', plugins: 'x' }, 'want a list of plugins'],
    ['a plugin without a type', { cniVersion: '1.0.0', name: 'a', plugins: [{}] }, 'missing plugin type'],
    ['null for a plugin', { cniVersion: '1.0.0', name: 'a', plugins: [null] }, 'missing plugin type'],
    ['a type with a slash', { cniVersion: '1.0.0', name: 'a', plugins: [{ type: '../sh' }] }, 'invalid plugin type'],
    ['no version', { name: 'a', plugins }, 'want a version'],
    ['a version of the future', { cniVersion: '2.0.0', name: 'a', plugins }, 'incompatible CNI versions'],
    ['a version that is none', { cniVersion: '1.0', name: 'a', plugins }, 'not a CNI version: 1.0'],
    ['a number for a version', { cniVersion: 1, name: 'a', plugins }, 'want a text'],
    ['a word for a boolean', { cniVersion: '1.0.0', name: 'a', plugins, disableGC: 'maybe' }, 'want true or false'],
  ])('%s', (_, config, message) => expect(() => parse(config)).toThrow(message))
})

describe('a folder of configurations', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ocilab-net.d-'))
  const write = (file: string, config: object) => writeFileSync(join(folder, file), JSON.stringify(config))
  beforeAll(() => {
    write('20-single.conf', { cniVersion: '0.4.0', name: 'net', type: 'single' })
    write('30-list.conflist', { cniVersion: '1.0.0', name: 'net', plugins: [{ type: 'list' }] })
    write('10-other.conflist', { cniVersion: '9.0.0', name: 'other', plugins })
    write('40-more.conflist', { cniVersion: '1.1.0', name: 'more', plugins: [{ type: 'first' }] })
    write('41-only.conflist', { cniVersion: '1.1.0', name: 'only', loadOnlyInlinedPlugins: true, plugins })
    for (const name of ['more', 'only']) {
      mkdirSync(join(folder, name))
      write(`${name}/10-second.conf`, { type: 'second' })
    }
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  it('a list comes before a single plugin, and another’s version is no hindrance', () => {
    expect(loadNetworkConfig(folder, 'net').plugins).toEqual([{ type: 'list' }])
  })
  it('plugins in a folder of the network’s name are added, unless the list is complete', () => {
    expect(loadNetworkConfig(folder, 'more').plugins.map(({ type }) => type)).toEqual(['first', 'second'])
    expect(loadNetworkConfig(folder, 'only').plugins.map(({ type }) => type)).toEqual(['bridge'])
  })
  it('what is not there is said', () => {
    expect(() => loadNetworkConfig(folder, 'absent')).toThrow(/want absent, got 7 files/)
    expect(() => loadNetworkConfig(join(folder, 'none'), 'x')).toThrow('no such file')
  })
})
