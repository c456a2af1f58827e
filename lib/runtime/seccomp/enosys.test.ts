import { describe, expect, it } from 'vitest'
import { CODE, encode } from './bpf.ts'
import { enosysStub, forbids, type LastCall } from './enosys.ts'
import { ACTIONS, ARCHITECTURES } from './names.ts'
import { decision } from './testFilter.ts'

// After the stub stands a filter that allows everything: whatever is not ENOSYS went through.
const program = (last: LastCall[]) =>
  encode([...enosysStub(last), { code: CODE.answer, yes: 0, no: 0, value: ACTIONS.SCMP_ACT_ALLOW }])
const X32 = 0x40000000
const {
  SCMP_ARCH_X86_64: x86_64,
  SCMP_ARCH_X32: x32,
  SCMP_ARCH_X86: x86,
  SCMP_ARCH_AARCH64: arm64,
  SCMP_ARCH_ARM: arm,
  SCMP_ARCH_S390X: s390x,
  SCMP_ARCH_S390: s390,
} = ARCHITECTURES
const last = (...pairs: [number, number][]) => pairs.map(([architecture, number]) => ({ architecture, number }))
const one = program(last([x86_64, 300]))
const three = program(last([x86_64, 300], [x86, 400], [x32, X32 + 500]))
const onlyX32 = program(last([arm64, 200], [x32, X32 + 500]))
const others = program(last([arm64, 200], [arm, 100], [s390x, 300], [s390, 301]))

describe('the stub', () => {
  it.each<[string, Uint8Array, number, number, string]>([
    ['the first call', one, x86_64, 0, 'allow'],
    ['the last call', one, x86_64, 300, 'allow'],
    ['one after the last', one, x86_64, 301, 'errno 38'],
    ['the last there can be', one, x86_64, X32 - 1, 'errno 38'],
    ['x32 where it is not asked for: the filter’s business', one, x86_64, X32 + 999, 'allow'],
    ['no system call at all', one, x86_64, -1, 'allow'],
    ['a number with bit 31', one, x86_64, 0x80000000 | 0, 'errno 38'],
    ['another architecture', one, arm64, 999, 'allow'],
    ['x86-64 of three', three, x86_64, 300, 'allow'],
    ['x86-64 of three, newer', three, x86_64, 301, 'errno 38'],
    ['x86 of three', three, x86, 400, 'allow'],
    ['x86 of three, newer', three, x86, 401, 'errno 38'],
    ['x32 of three', three, x86_64, X32 + 500, 'allow'],
    ['x32 of three, newer', three, x86_64, X32 + 501, 'errno 38'],
    ['a fourth', three, arm64, 999, 'allow'],
    ['x32 without x86-64', onlyX32, x86_64, X32 + 501, 'errno 38'],
    ['x32 without x86-64, known', onlyX32, x86_64, X32 + 500, 'allow'],
    ['x86-64 without names', onlyX32, x86_64, 999, 'allow'],
    ['the other one', onlyX32, arm64, 201, 'errno 38'],
    ['arm64', others, arm64, 200, 'allow'],
    ['arm64, newer', others, arm64, 201, 'errno 38'],
    ['arm', others, arm, 100, 'allow'],
    ['arm, newer', others, arm, 101, 'errno 38'],
    ['s390x, setup', others, s390x, 0, 'errno 38'],
    ['s390x', others, s390x, 1, 'allow'],
    ['s390x, newer', others, s390x, 301, 'errno 38'],
    ['s390, setup', others, s390, 0, 'errno 38'],
    ['s390', others, s390, 301, 'allow'],
    ['s390, newer', others, s390, 302, 'errno 38'],
    ['no names at all', program([]), x86_64, 9999, 'allow'],
  ])('%s', (_, stub, arch, number, wanted) => expect(decision(stub, { number, arch })).toBe(wanted))
})

describe('the stub is for profiles that forbid', () => {
  it.each([
    ['SCMP_ACT_ALLOW', false],
    ['SCMP_ACT_LOG', false],
    ['SCMP_ACT_TRACE', false],
    ['SCMP_ACT_ERRNO', true],
    ['SCMP_ACT_KILL', true],
    ['SCMP_ACT_KILL_PROCESS', true],
    ['SCMP_ACT_TRAP', true],
  ] as const)('%s: %s', (action, wanted) => {
    expect(forbids(ACTIONS[action])).toBe(wanted)
    if (action === 'SCMP_ACT_TRACE' || action === 'SCMP_ACT_ERRNO') expect(forbids(ACTIONS[action] + 7)).toBe(wanted)
  })
})
