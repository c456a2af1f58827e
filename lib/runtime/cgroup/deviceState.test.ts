import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { DeviceRule } from '../../spec/linuxConfig.ts'
import { plainRules } from './deviceRule.ts'
import { changesTo, currentDevices, devicesAfter } from './deviceState.ts'
import { deviceRules } from './devices.ts'
import { testRule } from './testRule.ts'

const after = (rules: string[]) => devicesAfter(plainRules(rules.map(testRule)))
const shown = (changes: ReturnType<typeof changesTo>) => changes.map(({ allow, line }) => (allow ? '+' : '-') + line)

describe('changesTo', () => {
  it.each<[string, string[], string[], string[]]>([
    [
      'an allowing cgroup is made to forbid',
      ['+a *:* rwm'],
      ['-a *:* rwm', '+c 1:3 rwm'],
      ['-a *:* rwm', '+c 1:3 rwm'],
    ],
    ['no rules forbid all', ['+a *:* rwm'], [], ['-a *:* rwm']],
    ['nothing changes', ['+c 1:3 rw'], ['+c 1:3 wr'], []],
    ['only what is new is written', ['+c 1:3 r'], ['+c 1:3 rw', '+b 8:* m'], ['+c 1:3 w', '+b 8:* m']],
    ['only what is gone is written', ['+c 1:3 rwm', '+c 1:5 r'], ['+c 1:3 r'], ['-c 1:3 wm', '-c 1:5 r']],
    ['all but some', ['+c 1:3 r'], ['+a *:* rwm', '-b 8:0 w'], ['+a *:* rwm', '-b 8:0 w']],
    ['a later rule for all wins', ['+c 1:3 r'], ['+c 5:1 rwm', '-a *:* rwm', '+c 1:3 r'], []],
    ['what was allowed and denied again is not allowed', ['-a *:* rwm'], ['+c 1:3 rw', '-c 1:3 w'], ['+c 1:3 r']],
    [
      'a wider rule takes narrower ones back',
      ['-a *:* rwm'],
      ['+c 1:3 rw', '+c 1:5 m', '-c 1:* w'],
      ['+c 1:3 r', '+c 1:5 m'],
    ],
    ['a partial rule for all is one for each type', ['-a *:* rwm'], ['+a *:* m'], ['+c *:* m', '+b *:* m']],
    ['so is one for one number', ['-a *:* rwm'], ['+a 10:200 rwm'], ['+c 10:200 rwm', '+b 10:200 rwm']],
  ])('%s', (_, now, wanted, changes) => expect(shown(changesTo(after(wanted), after(now)))).toEqual(changes))
})

it.each([
  [['+c 1:* rwm', '-c 1:3 w']],
  [['+c *:3 r', '-c 1:3 r']],
  [['+c 1:* rwm', '-c *:3 w']],
  [['+a *:* rwm', '-c *:* m', '+c 1:3 m']],
])('%j makes a hole, which v1 ignores', rules => {
  expect(() => after(rules)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }))
})

it.each([
  ['c 1:3 rwm\nb *:* m\n', ['+c 1:3 rwm', '+b *:* m']],
  ['a *:* rwm\n', ['+a *:* rwm']],
  ['', []],
])('devices.list %j is read', (text, rules) => {
  const folder = mkdtempSync(join(tmpdir(), 'ocirun-devices-'))
  try {
    writeFileSync(join(folder, 'devices.list'), text)
    expect(currentDevices(folder)).toEqual(after(rules))
    expect(readFileSync(join(folder, 'devices.list'), 'utf8')).toBe(text)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

describe('plainRules', () => {
  it.each<[DeviceRule, object[]]>([
    [{ allow: false, access: 'rwm' }, [{ allow: false, type: 'a', access: 7 }]],
    [{ allow: true, type: 'c', major: -1, minor: -1, access: 'm' }, [{ allow: true, type: 'c', access: 1 }]],
    [
      { allow: true, type: 'b', major: 8, minor: 0, access: 'rr' },
      [{ allow: true, type: 'b', major: 8, minor: 0, access: 2 }],
    ],
  ])('%j', (rule, plain) => expect(plainRules([rule])).toEqual(plain))

  it.each<[object, RegExp]>([
    [{ allow: true }, /devices\[1\]\.access: missing/],
    [{ allow: true, access: '' }, /access/],
    [{ allow: true, access: 'rx' }, /access: "rx"/],
    [{ allow: true, type: 'd', access: 'r' }, /type: "d"/],
    [{ allow: true, type: 'c', major: 2 ** 32, access: 'r' }, /major/],
    [{ allow: true, type: 'c', minor: 1.5, access: 'r' }, /minor/],
  ])('refuses %j', (rule, message) => {
    expect(() => plainRules([{ allow: false, access: 'rwm' }, rule as DeviceRule])).toThrow(message)
  })
})

it('every container may use these devices, whatever its own rules say', () => {
  const rules = deviceRules([testRule('-a *:* rwm'), testRule('+b 8:0 r'), testRule('-c 1:3 rwm')])
  expect(shown(changesTo(devicesAfter(plainRules(rules)), after([])))).toEqual([
    '+b 8:0 r',
    '+c *:* m',
    '+b *:* m',
    ...['1:3', '1:5', '1:7', '1:8', '1:9', '5:0', '5:2', '136:*', '10:200'].map(device => `+c ${device} rwm`),
  ])
})
