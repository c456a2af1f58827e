import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isOciError } from '../../errors.ts'
import { validate } from '../schema.ts'
import { checkProcess, checkRuntimeConfig, configProblems, describeProblem } from './check.ts'
import { at, everyPath, set, without } from './testChange.ts'
import { wholeConfig } from './testConfig.ts'

const said = (config: unknown) => configProblems(config).map(describeProblem)

describe('a configuration', () => {
  it('with everything the spec has is right', () => {
    expect(said(wholeConfig())).toEqual([])
    expect(() => validate('runtime', wholeConfig(), 'here')).not.toThrow()
  })

  it('may have fields nobody knows, wherever there are objects', () => {
    const config = wholeConfig()
    for (const path of everyPath(config)) {
      const value = at(config, path)
      // A map's keys are names, not fields.
      const isMap = /(annotations|sysctl|rdma|unified|netDevices|timeOffsets)$/.test(path.join('.'))
      if (typeof value === 'object' && !Array.isArray(value) && !isMap) Object.assign(value!, { 'org.example': null })
    }
    expect(said(config)).toEqual([])
  })

  it('is told all that is wrong in it at once, each field by its path', () => {
    const config = wholeConfig() as never
    set(config, ['process', 'capabilities', 'bounding', 1], 7)
    set(config, ['process', 'cwd'], 'bin')
    set(config, ['linux', 'namespaces', 1, 'type'], 'ipv6')
    set(config, ['linux', 'sysctl'], { 'kernel.panic': '1' })
    set(config, ['hostname'], 5)
    expect(said(config)).toEqual([
      'process.cwd: not absolute (want a path that begins with /, got "bin")',
      'process.capabilities.bounding[1]: of the wrong type (want a string, got 7)',
      'hostname: of the wrong type (want a string, got 5)',
      'linux.namespaces[1].type: unknown (want one of mount, pid, network, uts, ipc, user, cgroup, time, got "ipv6")',
    ])
    expect(() => checkRuntimeConfig(config, 'config.json')).toThrow(
      /^config\.json: 4 fields are wrong: process\.cwd: .*; process\.capa/,
    )
  })

  it('is told what contradicts itself, where its parts are right', () => {
    const config = wholeConfig()
    config.linux!.namespaces = [{ type: 'mount' }]
    expect(said(config)).toEqual([
      "hostname: would be the host's (want a uts namespace, got nothing)",
      "domainname: would be the host's (want a uts namespace, got nothing)",
      "linux.netDevices: would be the host's (want a network namespace, got nothing)",
      "linux.timeOffsets: would be the host's (want a time namespace, got nothing)",
      'linux.sysctl["net.ipv4.ip_forward"]: would be the host\'s (want a network namespace, got nothing)',
      'linux.sysctl["kernel.shmmax"]: would be the host\'s (want a ipc namespace, got nothing)',
      'linux.sysctl["fs/mqueue/msg_max"]: would be the host\'s (want a ipc namespace, got nothing)',
      'linux.uidMappings: for nobody (want a user namespace, got nothing)',
      'linux.gidMappings: for nobody (want a user namespace, got nothing)',
    ])
  })

  it.each([
    [null, 'of the wrong type (want an object, got null)'],
    [[], 'of the wrong type (want an object, got [])'],
    ['', 'of the wrong type (want an object, got "")'],
    [{}, 'ociVersion: missing (want a string, got nothing); root: missing (want an object, got nothing)'],
  ])('that is %j is none', (json, message) => expect(said(json).join('; ')).toBe(message))
})

it('what is left out, or is nothing to programs written in Go, is the default; all else is as it was', () => {
  const { user, ...process } = wholeConfig().process!
  const config = { ...wholeConfig(), process, linux: { namespaces: [{ type: 'pid', path: '' }, { type: 'uts' }] } }
  const whole = checkRuntimeConfig(config, 'config.json')
  expect(whole.process!.user).toEqual({ uid: 0, gid: 0 })
  expect(whole.linux!.namespaces).toEqual([{ type: 'pid' }, { type: 'uts' }])
  expect(JSON.stringify(checkRuntimeConfig(wholeConfig(), 'config.json'))).toBe(JSON.stringify(wholeConfig()))
  expect(checkProcess({ cwd: '/', args: ['a'], user: { gid: 5 } }, 'process.json').user).toEqual({ uid: 0, gid: 5 })
})

it('a process alone is checked as the process of a configuration', () => {
  expect(() => checkProcess(wholeConfig().process, 'process.json')).not.toThrow()
  expect(() => checkProcess({ cwd: '/', user: { uid: 0, gid: 0 }, args: [] }, 'process.json')).toThrow(
    'process.json: args: empty (want at least the program, got [])',
  )
})

/** Whether the schemas the spec publishes refuse it. */
function refusedBySchema(json: unknown): boolean {
  try {
    validate('runtime', json, 'here')
    return false
  } catch {
    return true
  }
}

const paths = everyPath(wholeConfig())
const ODD = [
  ...[null, true, {}, [], [null], '', 'x', '\0', '/', 'CAP_', without],
  ...[0, 1, -1, 0.5, 2 ** 31, 2 ** 32, 2 ** 53, 2 ** 63, 2 ** 64, 2 ** 65, -(2 ** 31), -(2 ** 64)],
]

describe('every field', () => {
  it.each(paths.map(path => [path.join('.'), path] as const))('%s is told when it is wrong', (_, path) => {
    for (const odd of ODD) {
      const config = set(wholeConfig(), path, odd)
      const problems = configProblems(config)
      if (refusedBySchema(config)) expect(problems.length, String(odd)).toBeGreaterThan(0)
      // Of another type it is the field itself that is named.
      const before = at(wholeConfig(), path)
      const sameType = typeof odd === typeof before && Array.isArray(odd) === Array.isArray(before) && odd !== null
      if (odd === without || sameType) continue
      const name = String(path.at(-1)).replace(/^\d+$/, '[')
      expect(problems[0]?.path.replace(/\["|"\]/g, '.'), JSON.stringify(odd)).toContain(name)
    }
  })
})

// The schemas say what a JSON document must be; what they refuse, so must we. Our own words go further.
describe('held against the spec’s own schemas', () => {
  const runs = Number(process.env.OCILAB_RUNS ?? 5000)
  const junk = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom<unknown>(...ODD),
    fc.constantFrom(...paths).map(path => at(wholeConfig(), path)),
  )
  const change = fc.record({ path: fc.constantFrom(...paths), value: junk })

  it('nothing goes through that they refuse, and nothing is thrown but our own', () => {
    let refused = 0
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), changes => {
        const config = changes.reduce<unknown>((made, { path, value }) => set(made, path, value), wholeConfig())
        const json = JSON.parse(JSON.stringify(config) ?? 'null')
        let ours: unknown
        try {
          checkRuntimeConfig(json, 'config.json')
        } catch (error) {
          ours = error
        }
        if (ours !== undefined) expect(isOciError(ours, 'CONFIG_INVALID')).toBe(true)
        if (!refusedBySchema(json)) return
        refused++
        expect(ours, JSON.stringify(changes)).toBeDefined()
      }),
      { numRuns: runs },
    )
    expect(refused).toBeGreaterThan(runs / 4)
  })

  it('nor of what is no configuration at all', () =>
    fc.assert(
      fc.property(fc.jsonValue(), json => {
        expect(configProblems(json).length).toBeGreaterThan(0)
      }),
    ))
})
