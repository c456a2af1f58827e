import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { builtPath, nativeSeccomp } from '../../kernel.ts'
import type { Seccomp, SyscallRule } from '../../spec/linuxConfig.ts'
import { compileSeccomp } from './compile.ts'
import { type ACTIONS, ARCHITECTURES, type OPERATORS } from './names.ts'
import { type Call, decision } from './testFilter.ts'
import { dockerProfile } from './testProfile.ts'

// Without root the addon may be missing; a root test has it or fails.
const built = existsSync(builtPath('seccomp.node')) || process.getuid?.() === 0
const here = process.arch === 'x64' ? ARCHITECTURES.SCMP_ARCH_X86_64 : ARCHITECTURES.SCMP_ARCH_AARCH64
const number = (name: string, arch = here as number) => nativeSeccomp().resolve(arch, [name])[0]!
const call = (name: string, ...args: (number | bigint)[]): Call => ({ number: number(name), args, arch: here })

const allowing = (rule: Partial<SyscallRule>, more: Partial<Seccomp> = {}): Seccomp => ({
  defaultAction: 'SCMP_ACT_ERRNO',
  syscalls: [{ names: ['ioctl'], action: 'SCMP_ACT_ALLOW', ...rule }],
  ...more,
})

describe.skipIf(!built)('every action', () => {
  const answers: Record<keyof typeof ACTIONS, string> = {
    SCMP_ACT_KILL: 'kill thread',
    SCMP_ACT_KILL_THREAD: 'kill thread',
    SCMP_ACT_KILL_PROCESS: 'kill process',
    SCMP_ACT_TRAP: 'trap',
    SCMP_ACT_ERRNO: 'errno 1',
    SCMP_ACT_NOTIFY: 'notify',
    SCMP_ACT_TRACE: 'trace 1',
    SCMP_ACT_LOG: 'log',
    SCMP_ACT_ALLOW: 'allow',
  }
  it.each(Object.entries(answers))('%s of a rule', (action, answer) => {
    const defaultAction = action === 'SCMP_ACT_ALLOW' ? 'SCMP_ACT_KILL_PROCESS' : 'SCMP_ACT_ALLOW'
    const program = compileSeccomp({ defaultAction, syscalls: [{ names: ['ioctl'], action }] })
    expect(decision(program, call('ioctl'))).toBe(answer)
    expect(decision(program, call('close'))).toBe(defaultAction === 'SCMP_ACT_ALLOW' ? 'allow' : 'kill process')
  })

  it.each(Object.entries(answers).filter(([action]) => action !== 'SCMP_ACT_NOTIFY'))(
    '%s by default',
    (action, answer) => {
      const rule = { names: ['ioctl'], action: action === 'SCMP_ACT_LOG' ? 'SCMP_ACT_ALLOW' : 'SCMP_ACT_LOG' }
      const program = compileSeccomp({ defaultAction: action, syscalls: [rule] })
      expect(decision(program, call('ioctl'))).toBe(rule.action === 'SCMP_ACT_LOG' ? 'log' : 'allow')
      expect(decision(program, call('close'))).toBe(answer)
    },
  )

  it.each([
    [
      'of a rule',
      allowing({ action: 'SCMP_ACT_ERRNO', errnoRet: 77 }, { defaultAction: 'SCMP_ACT_ALLOW' }),
      'errno 77',
    ],
    ['as large as libseccomp takes it', allowing({ action: 'SCMP_ACT_ERRNO', errnoRet: 4094 }), 'errno 4094'],
    ['by default', allowing({ names: ['openat2'] }, { defaultErrnoRet: 13 }), 'errno 13'],
    ['for a tracer', allowing({ action: 'SCMP_ACT_TRACE', errnoRet: 65535 }), 'trace 65535'],
  ])('errno %s', (_, seccomp, answer) => expect(decision(compileSeccomp(seccomp), call('ioctl'))).toBe(answer))
})

describe.skipIf(!built)('every operator', () => {
  const big = 0x1_0000_0005
  it.each<[keyof typeof OPERATORS, number, number | undefined, (number | bigint)[], (number | bigint)[]]>([
    ['SCMP_CMP_EQ', 5, undefined, [5], [4, 6, big]],
    ['SCMP_CMP_NE', 5, undefined, [4, 6, big], [5]],
    ['SCMP_CMP_LT', 5, undefined, [0, 4], [5, 6, big, -1]],
    ['SCMP_CMP_LE', 5, undefined, [0, 5], [6, big]],
    ['SCMP_CMP_GE', 5, undefined, [5, 6, big, -1], [0, 4]],
    ['SCMP_CMP_GT', 5, undefined, [6, big, -1], [0, 5]],
    ['SCMP_CMP_GT', big, undefined, [big + 1, 2 ** 40], [6, big]],
    ['SCMP_CMP_EQ', big, undefined, [big], [5, big + 1]],
    ['SCMP_CMP_MASKED_EQ', 0xf0, 0x30, [0x30, 0x3f, 0xf30], [0x40, 0x70, 0]],
    ['SCMP_CMP_MASKED_EQ', 0x7e020000, undefined, [0, 0x11], [0x10000000, 0x7e020000]],
    ['SCMP_CMP_MASKED_EQ', 0xf_0000_0000, 0x5_0000_0000, [0x5_1234_5678], [0x1234_5678, 0x7_0000_0000]],
  ])('%s %i %i', (op, value, valueTwo, yes, no) => {
    const program = compileSeccomp(allowing({ args: [{ index: 1, op, value, valueTwo }] }))
    for (const arg of yes) expect(decision(program, call('ioctl', 99, arg)), `${arg}`).toBe('allow')
    for (const arg of no) expect(decision(program, call('ioctl', 5, arg)), `${arg}`).toBe('errno 1')
  })

  it.each([0, 1, 2, 3, 4, 5])('argument %i, and no other', index => {
    const program = compileSeccomp(allowing({ args: [{ index, op: 'SCMP_CMP_EQ', value: 7 }] }))
    for (let at = 0; at < 6; at++) {
      const args = Array.from({ length: 6 }, (_, i) => (i === at ? 7 : 1))
      expect(decision(program, call('ioctl', ...args))).toBe(at === index ? 'allow' : 'errno 1')
    }
  })

  const eq = (index: number, value: number) => ({ index, value, op: 'SCMP_CMP_EQ' })
  it.each<[string, SyscallRule['args'], [number, number, string][]]>([
    [
      'different arguments: both',
      [eq(0, 1), eq(1, 2)],
      [
        [1, 2, 'allow'],
        [1, 9, 'errno 1'],
        [9, 2, 'errno 1'],
      ],
    ],
    [
      'the same argument twice: either',
      [eq(0, 1), eq(0, 2)],
      [
        [1, 9, 'allow'],
        [2, 9, 'allow'],
        [3, 9, 'errno 1'],
      ],
    ],
    [
      'one twice, and another: any',
      [eq(0, 1), eq(0, 2), eq(1, 5)],
      [
        [9, 5, 'allow'],
        [2, 9, 'allow'],
        [9, 9, 'errno 1'],
      ],
    ],
    ['none', [], [[9, 9, 'allow']]],
  ])('%s', (_, args, table) => {
    const program = compileSeccomp(allowing({ args }))
    for (const [first, second, answer] of table) expect(decision(program, call('ioctl', first, second))).toBe(answer)
  })
})

describe.skipIf(!built)('a profile', () => {
  it.each<[string, Seccomp]>([
    ['an unknown system call', allowing({ names: ['no_such_call', 'ioctl'] })],
    [
      'a rule that says what the default says',
      allowing({}, { syscalls: [...allowing({}).syscalls!, { names: ['close'], action: 'SCMP_ACT_ERRNO' }] }),
    ],
    ['the same rule twice', allowing({ names: ['ioctl', 'ioctl'] })],
    [
      'the same architecture twice, and our own',
      allowing({}, { architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_AARCH64', 'SCMP_ARCH_AARCH64'] }),
    ],
  ])('may have %s', (_, seccomp) => {
    const program = compileSeccomp(seccomp)
    expect(decision(program, call('ioctl'))).toBe('allow')
    expect(decision(program, call('close'))).toBe('errno 1')
  })

  it('may have no rules', () => {
    expect(decision(compileSeccomp({ defaultAction: 'SCMP_ACT_ERRNO' }), call('ioctl'))).toBe('errno 1')
    expect(decision(compileSeccomp({ defaultAction: 'SCMP_ACT_ALLOW' }), call('ioctl'))).toBe('allow')
  })

  it('is not for an architecture of another byte order, or one that libseccomp is too old for', () =>
    expect(() => compileSeccomp(allowing({}, { architectures: ['SCMP_ARCH_PPC64'] }))).toThrow(
      /^linux\.seccomp\.architectures\[0\]: refused \(want what libseccomp [\d.]+ can do on this machine, got "seccomp_arch_add: /,
    ))

  it('is not too long for the kernel', () => {
    const args = (value: number) => [0, 1, 2, 3].map(index => ({ index, value: value * 4 + index, op: 'SCMP_CMP_EQ' }))
    const syscalls = Array.from({ length: 900 }, (_, i) => ({
      names: ['ioctl'],
      action: 'SCMP_ACT_ALLOW',
      args: args(i),
    }))
    expect(() => compileSeccomp({ defaultAction: 'SCMP_ACT_ERRNO', syscalls })).toThrow(
      /^linux\.seccomp: too long for the kernel \(want at most 4096 instructions, got \d+\)$/,
    )
  })

  it.each([
    ['forbids', allowing({}), 'errno 38', 'errno 38'],
    ['kills', allowing({}, { defaultAction: 'SCMP_ACT_KILL' }), 'errno 38', 'errno 38'],
    [
      'names the newest in a rule that changes nothing',
      allowing({}, { syscalls: [{ names: ['openat2'], action: 'SCMP_ACT_ERRNO' }] }),
      'errno 1',
      'errno 38',
    ],
    ['allows', allowing({ action: 'SCMP_ACT_KILL' }, { defaultAction: 'SCMP_ACT_ALLOW' }), 'allow', 'allow'],
    ['logs', allowing({}, { defaultAction: 'SCMP_ACT_LOG' }), 'log', 'log'],
  ])('that %s, and newer system calls', (_, seccomp, some, newer) => {
    const program = compileSeccomp(seccomp)
    expect(decision(program, call('openat2'))).toBe(some)
    expect(decision(program, { number: 4000, arch: here })).toBe(newer)
  })
})

// Flags of clone, families of socket.
const NEWUSER = 0x10000000
const VFORK = 0x4111
const [UNIX, INET, ALG, VSOCK] = [1, 2, 38, 40]

describe.skipIf(!built || process.arch !== 'x64')('Docker’s profile', () => {
  const { SCMP_ARCH_X86: x86, SCMP_ARCH_X86_64: x86_64, SCMP_ARCH_ARM: arm } = ARCHITECTURES
  const plain = built ? compileSeccomp(dockerProfile()) : new Uint8Array()
  const admin = built ? compileSeccomp(dockerProfile({ caps: ['CAP_SYS_ADMIN'] })) : new Uint8Array()

  it.each<[string, (number | bigint)[], string, string]>([
    ['read', [], 'allow', 'allow'],
    ['execve', [], 'allow', 'allow'],
    ['ptrace', [], 'allow', 'allow'],
    ['mount', [], 'errno 1', 'allow'],
    ['unshare', [], 'errno 1', 'allow'],
    ['bpf', [], 'errno 1', 'allow'],
    ['reboot', [], 'errno 1', 'errno 1'],
    ['kexec_load', [], 'errno 1', 'errno 1'],
    ['init_module', [], 'errno 1', 'errno 1'],
    ['keyctl', [], 'errno 1', 'errno 1'],
    ['clone', [VFORK], 'allow', 'allow'],
    ['clone', [NEWUSER | VFORK], 'errno 1', 'allow'],
    ['clone3', [], 'errno 38', 'allow'],
    ['personality', [0], 'allow', 'allow'],
    ['personality', [0xffffffff], 'allow', 'allow'],
    ['personality', [0x0040000], 'errno 1', 'errno 1'],
    ['socket', [UNIX], 'allow', 'allow'],
    ['socket', [INET], 'allow', 'allow'],
    ['socket', [ALG], 'errno 1', 'errno 1'],
    ['socket', [VSOCK], 'errno 1', 'errno 1'],
    ['socket', [45], 'allow', 'allow'],
  ])('%s %j: %s, %s with CAP_SYS_ADMIN', (name, args, without, withAdmin) => {
    expect(decision(plain, call(name, ...args))).toBe(without)
    expect(decision(admin, call(name, ...args))).toBe(withAdmin)
  })

  it.each<[string, Call, string]>([
    ['x86 read', { number: 3, arch: x86 }, 'allow'],
    ['x86 mount', { number: 21, arch: x86 }, 'errno 1'],
    ['x86, newer', { number: 4000, arch: x86 }, 'errno 38'],
    ['x32 read', { number: 0x40000000, arch: x86_64 }, 'allow'],
    ['x32 mount', { number: 0x40000000 + 165, arch: x86_64 }, 'errno 1'],
    ['x32, newer', { number: 0x40000000 + 4000, arch: x86_64 }, 'errno 38'],
    ['x86-64, newer', { number: 4000, arch: x86_64 }, 'errno 38'],
    ['an architecture it does not name', { number: 0, arch: arm }, 'kill thread'],
  ])('%s: %s', (_, seen, wanted) => expect(decision(plain, seen)).toBe(wanted))

  it.each([
    ['x86-64', x86_64, 0, 64],
    ['x32', ARCHITECTURES.SCMP_ARCH_X32, 0x40000000, 32],
  ])('answers every call of %s as the JSON reads', (_, token, first, bits) => {
    const oracle = reading(dockerProfile(), token)
    const answers = new Set<string>()
    for (let at = first; at < first + 600; at++)
      for (const arg of [0, 2, 8, ALG, VSOCK, VFORK, NEWUSER, 0xffffffff, 2 ** 40]) {
        const answer = decision(plain, { number: at, args: [arg] })
        expect(answer, `${at} ${arg}`).toBe(oracle(at, BigInt.asUintN(bits, BigInt(arg))))
        answers.add(answer)
      }
    expect([...answers].sort()).toEqual(['allow', 'errno 1', 'errno 38'])
  })
})

/** The profile as a person reads it, for calls with one argument. */
function reading({ syscalls = [] }: Seccomp, arch: number): (number: number, arg: bigint) => string {
  const rules = syscalls.flatMap(({ names, action, errnoRet, args }) =>
    [...nativeSeccomp().resolve(arch, names)].map(number => ({ number, action, errnoRet, args: args ?? [] })),
  )
  const last = Math.max(...rules.map(rule => rule.number))
  const matches: Record<string, (arg: bigint, value: bigint) => boolean> = {
    SCMP_CMP_EQ: (arg, value) => arg === value,
    SCMP_CMP_LT: (arg, value) => arg < value,
    SCMP_CMP_MASKED_EQ: (arg, value) => (arg & value) === 0n,
  }
  return (number, arg) => {
    if (number > last) return 'errno 38'
    const found = rules.find(
      rule => rule.number === number && rule.args.every(({ op, value }) => matches[op]!(arg, BigInt(value))),
    )
    if (!found) return 'errno 1'
    return found.action === 'SCMP_ACT_ALLOW' ? 'allow' : `errno ${found.errnoRet}`
  }
}
