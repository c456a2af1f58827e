import { describe, expect, it } from 'vitest'
import { isOciError } from '../../errors.ts'
import type { Seccomp } from '../../spec/linuxConfig.ts'
import { seccompFlags } from './compile.ts'
import { knownActions, knownArchitectures, knownFlags, knownOperators } from './names.ts'
import { profileOf } from './profile.ts'

const ERRNO = 'SCMP_ACT_ERRNO'
const ALLOW = 'SCMP_ACT_ALLOW'
const EQ = 'SCMP_CMP_EQ'

const profile = (rule: object, more: object = {}) =>
  ({ defaultAction: ERRNO, syscalls: [{ names: ['read'], action: ALLOW, ...rule }], ...more }) as Seccomp
const withArg = (arg: object) => profile({ args: [{ index: 0, value: 1, op: EQ, ...arg }] })

describe('a config that is wrong', () => {
  it.each<[string, string, unknown]>([
    ['defaultAction: unknown action', 'one of SCMP_ACT_KILL', { defaultAction: 'SCMP_ACT_NOPE' }],
    ['defaultAction: unknown action', 'got nothing', {}],
    ['defaultAction: unknown action', 'got "__proto__"', { defaultAction: '__proto__' }],
    ['defaultAction: an agent', 'got "SCMP_ACT_NOTIFY"', { defaultAction: 'SCMP_ACT_NOTIFY' }],
    ['defaultErrnoRet: SCMP_ACT_KILL has no errno', 'got 1', { defaultAction: 'SCMP_ACT_KILL', defaultErrnoRet: 1 }],
    ['defaultErrnoRet: out of range', 'got 4095', { defaultAction: ERRNO, defaultErrnoRet: 4095 }],
    ['architectures: no list', 'an array', { defaultAction: ERRNO, architectures: 'SCMP_ARCH_X86' }],
    [
      'architectures[1]: unknown architecture',
      'got "amd64"',
      profile({}, { architectures: ['SCMP_ARCH_X86', 'amd64'] }),
    ],
    ['flags[0]: unknown flag', 'got "LOG"', profile({}, { flags: ['LOG'] })],
    ['syscalls[1]: no rule', 'got null', profile({}, { syscalls: [{ names: [], action: ALLOW }, null] })],
    ['syscalls[0].names: no list', 'got "read"', profile({ names: 'read' })],
    ['syscalls[0].names[1]: no system call', 'got ""', profile({ names: ['read', ''] })],
    ['syscalls[0].names[0]: no system call', 'a name', profile({ names: ['read\0x'] })],
    ['syscalls[0].action: unknown action', 'got 5', profile({ action: 5 })],
    ['syscalls[0].action: an agent', 'write', profile({ names: ['read', 'write'], action: 'SCMP_ACT_NOTIFY' })],
    ['syscalls[0].errnoRet: SCMP_ACT_ALLOW has no errno', 'got 38', profile({ errnoRet: 38 })],
    ['syscalls[0].errnoRet: out of range', 'got -1', profile({ action: 'SCMP_ACT_TRACE', errnoRet: -1 })],
    ['syscalls[0].errnoRet: out of range', 'got 65536', profile({ action: 'SCMP_ACT_TRACE', errnoRet: 65536 })],
    ['syscalls[0].args: no list', 'got 1', profile({ args: 1 })],
    ['syscalls[0].args[0]: no condition', 'got null', profile({ args: [null] })],
    ['syscalls[0].args[0].index: out of range', 'from 0 to 5', withArg({ index: 6 })],
    ['syscalls[0].args[0].index: out of range', 'got -1', withArg({ index: -1 })],
    ['syscalls[0].args[0].op: unknown operator', 'got "=="', withArg({ op: '==' })],
    ['syscalls[0].args[0].value: no such number', 'got -1', withArg({ value: -1 })],
    ['syscalls[0].args[0].value: no such number', 'got "1"', withArg({ value: '1' })],
    ['syscalls[0].args[0].value: too large to be read exactly', '2^53', withArg({ value: 2 ** 64 })],
    ['syscalls[0].args[0].valueTwo: no such number', 'got 0.5', withArg({ valueTwo: 0.5 })],
    ['syscalls[0].args[0].valueTwo: no such number', 'got 18446744073709551616', withArg({ valueTwo: 1n << 64n })],
  ])('%s (%s)', (start, part, config) => {
    let error: unknown
    try {
      profileOf(config as Seccomp)
    } catch (thrown) {
      error = thrown
    }
    expect(isOciError(error, 'CONFIG_INVALID')).toBe(true)
    expect((error as Error).message).toMatch(/^linux\.seccomp\./)
    expect((error as Error).message.slice('linux.seccomp.'.length)).toContain(start)
    expect((error as Error).message).toContain(part)
  })
})

describe('a rule', () => {
  it.each([
    ['no errno means EPERM', profile({ action: ERRNO }), 0x00050001],
    ['no errno is null, too', profile({ action: ERRNO, errnoRet: null }), 0x00050001],
    ['errno 0', profile({ action: ERRNO, errnoRet: 0 }), 0x00050000],
    ['the largest errno', profile({ action: ERRNO, errnoRet: 4094 }), 0x00050ffe],
    ['a trace has EPERM, too', profile({ action: 'SCMP_ACT_TRACE' }), 0x7ff00001],
    ['the largest message to a tracer', profile({ action: 'SCMP_ACT_TRACE', errnoRet: 65535 }), 0x7ff0ffff],
    ['kill is kill of the thread', profile({ action: 'SCMP_ACT_KILL' }), 0],
  ])('%s', (_, config, action) => expect(profileOf(config).rules[0]!.action).toBe(action))

  it('keeps conditions on different arguments together', () => {
    const [a, b] = [
      { index: 0, value: 1, op: EQ },
      { index: 1, value: 2, valueTwo: 3, op: 'SCMP_CMP_MASKED_EQ' },
    ]
    expect(profileOf(profile({ args: [a, b] })).rules[0]!.alternatives).toEqual([
      [
        [0, 4, 1n, 0n],
        [1, 7, 2n, 3n],
      ],
    ])
  })

  it('makes each condition a rule of its own where an argument comes twice', () => {
    const args = [1, 2, 3].map(value => ({ index: value === 3 ? 4 : 0, value, op: EQ }))
    expect(profileOf(profile({ args })).rules[0]!.alternatives).toEqual([
      [[0, 4, 1n, 0n]],
      [[0, 4, 2n, 0n]],
      [[4, 4, 3n, 0n]],
    ])
  })

  it('takes 64 bits as bigint', () =>
    expect(profileOf(withArg({ value: (1n << 64n) - 1n })).rules[0]!.alternatives).toEqual([
      [[0, 4, 0xffffffffffffffffn, 0n]],
    ]))
})

describe('flags', () => {
  it.each([
    [undefined, 4],
    [null, 4],
    [[], 0],
    [['SECCOMP_FILTER_FLAG_TSYNC'], 0],
    [['SECCOMP_FILTER_FLAG_LOG'], 2],
    [['SECCOMP_FILTER_FLAG_LOG', 'SECCOMP_FILTER_FLAG_SPEC_ALLOW', 'SECCOMP_FILTER_FLAG_LOG'], 6],
    [['SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV', 'SECCOMP_FILTER_FLAG_TSYNC'], 32],
  ])('%j is %i', (flags, number) => expect(seccompFlags({ defaultAction: ALLOW, flags } as Seccomp)).toBe(number))
})

describe('what `features` tells', () => {
  it.each([
    ['actions', knownActions, 9, 'SCMP_ACT_KILL_THREAD'],
    ['architectures', knownArchitectures, 18, 'SCMP_ARCH_LOONGARCH64'],
    ['operators', knownOperators, 7, 'SCMP_CMP_MASKED_EQ'],
    ['flags', knownFlags, 4, 'SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV'],
  ])('%s', (_, names, count, one) => {
    expect(names).toHaveLength(count)
    expect(names).toContain(one)
    expect(names).toEqual([...names].sort())
  })
})
