import { CODE, type Instruction, OFFSET } from './bpf.ts'
import { ACTIONS, ARCHITECTURES } from './names.ts'

/**
 * A profile is written against the system calls of its day. A program that tries a newer one expects ENOSYS, and then
 * takes an older one; EPERM would stop it. So a stub goes before the filter: what is above the last number that the
 * profile names is answered with ENOSYS, as runc does.
 */

/** The last system call that a profile names in one architecture, by libseccomp's token. */
export interface LastCall {
  architecture: number
  number: number
}

const ENOSYS = 38
const X32_BIT = 1 << 30
const { SCMP_ARCH_X86_64: X86_64, SCMP_ARCH_X32: X32, SCMP_ARCH_S390: S390, SCMP_ARCH_S390X: S390X } = ARCHITECTURES

/** Where a test goes on: at one of the two ends of its section, or so many instructions further. */
type Goal = 'enosys' | 'filter' | number
type Test = { code: number; value: number; yes: Goal; no: Goal }

/** Whether a default action forbids. A tracer, as a log, lets newer system calls pass by itself. */
export function forbids(defaultAction: number): boolean {
  const action = (defaultAction & 0xffff0000) >>> 0
  return ![ACTIONS.SCMP_ACT_ALLOW, ACTIONS.SCMP_ACT_LOG, ACTIONS.SCMP_ACT_TRACE].some(open => open === action)
}

/** The instructions to put before a filter: one section for each architecture that the kernel tells apart. */
export function enosysStub(last: readonly LastCall[]): Instruction[] {
  const sections = [...new Set(last.map(({ architecture }) => kernelArchitecture(architecture)))].map(architecture =>
    section(architecture, testsOf(last.filter(call => kernelArchitecture(call.architecture) === architecture))),
  )
  const stub = [load(OFFSET.architecture), ...sections.flat()]
  // Only now is it known how far the filter is.
  return stub.map((instruction, i) =>
    instruction.code === CODE.jump ? { ...instruction, value: stub.length - i - 1 } : instruction,
  )
}

function kernelArchitecture(token: number): number {
  return token === X32 ? X86_64 : token
}

/** For another architecture it is skipped as a whole, and the accumulator still holds the architecture. */
function section(architecture: number, tests: Test[]): Instruction[] {
  const enosys = tests.length
  const away = (goal: Goal, from: number) =>
    typeof goal === 'number' ? goal : enosys + (goal === 'filter' ? 1 : 0) - from - 1
  const body: Instruction[] = [
    load(OFFSET.number),
    ...tests.map(({ yes, no, ...test }, i) => ({ ...test, yes: away(yes, i), no: away(no, i) })),
    { code: CODE.answer, yes: 0, no: 0, value: ACTIONS.SCMP_ACT_ERRNO + ENOSYS },
    { code: CODE.jump, yes: 0, no: 0, value: 0 },
  ]
  return [{ code: CODE.jumpEqual, value: architecture, yes: 0, no: body.length }, ...body]
}

function testsOf(calls: readonly LastCall[]): Test[] {
  const numberIn = (token: number) => calls.find(({ architecture }) => architecture === token)?.number
  const [x32, x86] = [numberIn(X32), numberIn(X86_64)]
  if (x32 !== undefined || x86 !== undefined) return x86Tests(x86, x32)
  const { architecture, number } = calls[0]!
  return architecture === S390 || architecture === S390X ? [setup, newer(number)] : [newer(number)]
}

/** One architecture to the kernel, two tables of system calls to us; bit 30 of the number says which. */
function x86Tests(x86: number | undefined, x32: number | undefined): Test[] {
  const isX32 = { code: CODE.jumpBits, value: X32_BIT }
  if (x32 === undefined) return [{ ...isX32, yes: 'filter', no: 0 }, newer(x86!)]
  if (x86 === undefined) return [{ ...isX32, yes: 0, no: 'filter' }, newer(x32)]
  return [{ ...isX32, yes: 1, no: 0 }, newer(x86), newer(x32)]
}

const newer = (last: number): Test => ({ code: CODE.jumpGreater, value: last, yes: 'enosys', no: 'filter' })

/** s390 calls what its kernel does not know by the number 0; setup, which had it once, is long gone. */
const setup: Test = { code: CODE.jumpEqual, value: 0, yes: 'enosys', no: 0 }

const load = (offset: number): Instruction => ({ code: CODE.load, yes: 0, no: 0, value: offset })
