import type { DeviceRule } from '../../spec/linuxConfig.ts'
import { ALL_ACCESS, type PlainRule, plainRules } from './deviceRule.ts'

/** One eBPF instruction before its bytes: linux/bpf.h, struct bpf_insn. `off` counts instructions from the next one. */
interface Instruction {
  readonly code: number
  readonly dst?: number
  readonly src?: number
  readonly off?: number
  readonly imm?: number
}

// linux/bpf_common.h and linux/bpf.h: class | operation | source.
const LOAD_WORD = 0x61 // dst = *(u32 *)(src + off)
const MOVE = 0xb4 // (u32) dst = imm
const MOVE_REGISTER = 0xbc // (u32) dst = src
const AND = 0x54 // (u32) dst &= imm
const SHIFT_RIGHT = 0x74 // (u32) dst >>= imm
const JUMP_IF_EQUAL = 0x15
const JUMP_UNLESS_EQUAL = 0x55
const EXIT = 0x95

// Registers. The program is called with the context in r1 and answers in r0.
const ANSWER = 0
const CONTEXT = 1
const SCRATCH = 1
const TYPE = 2
const ASKED = 3
const MAJOR = 4
const MINOR = 5

// BPF_DEVCG_DEV_*.
const BLOCK = 1
const CHARACTER = 2

/**
 * The rules as a program for BPF_PROG_TYPE_CGROUP_DEVICE: instructions of eight bytes, in the order of bytes of a
 * little-endian machine; it answers 1 to allow, 0 to deny. Each of r, w, m that is asked for is decided by the last rule
 * that names it for that device, and what no rule names is denied, as in a v1 cgroup that allows nothing at first. Throws
 * `CONFIG_INVALID`.
 */
export function deviceProgram(rules: readonly DeviceRule[]): Uint8Array {
  const plain = plainRules(rules)
  // What was said before a rule for everything can never be reached, which the kernel does not allow in a program.
  const start = plain.findLastIndex(({ type }) => type === 'a')
  // The last rule comes first, and the first that matches decides.
  const blocks = plain
    .slice(start + 1)
    .reverse()
    .flatMap(block)
  return assemble([...loadContext(), ...blocks, ...answer(plain[start]?.allow === true)])
}

// struct bpf_cgroup_dev_ctx { u32 access_type; u32 major; u32 minor; }, access_type being access << 16 | type.
function loadContext(): Instruction[] {
  return [
    { code: LOAD_WORD, dst: TYPE, src: CONTEXT, off: 0 },
    { code: MOVE_REGISTER, dst: ASKED, src: TYPE },
    { code: AND, dst: TYPE, imm: 0xffff },
    { code: SHIFT_RIGHT, dst: ASKED, imm: 16 },
    { code: LOAD_WORD, dst: MAJOR, src: CONTEXT, off: 4 },
    { code: LOAD_WORD, dst: MINOR, src: CONTEXT, off: 8 },
  ]
}

// Conditions jump to the end of the block: their distances are known when the block is whole.
function block({ allow, type, major, minor, access }: PlainRule): Instruction[] {
  const steps: Instruction[] = [
    { code: JUMP_UNLESS_EQUAL, dst: TYPE, imm: type === 'b' ? BLOCK : CHARACTER },
    ...(major === undefined ? [] : [{ code: JUMP_UNLESS_EQUAL, dst: MAJOR, imm: major }]),
    ...(minor === undefined ? [] : [{ code: JUMP_UNLESS_EQUAL, dst: MINOR, imm: minor }]),
    ...(access === ALL_ACCESS ? [] : allow ? allowSome(access) : denySome(access)),
    ...answer(allow),
  ]
  const isJump = ({ code }: Instruction) => code === JUMP_IF_EQUAL || code === JUMP_UNLESS_EQUAL
  return steps.map((step, index) => (isJump(step) ? { ...step, off: steps.length - index - 1 } : step))
}

// What this rule allows needs no other rule; the rest, if any, is for the rules before it.
function allowSome(access: number): Instruction[] {
  return [
    { code: AND, dst: ASKED, imm: ALL_ACCESS & ~access },
    { code: JUMP_UNLESS_EQUAL, dst: ASKED, imm: 0 },
  ]
}

function denySome(access: number): Instruction[] {
  return [
    { code: MOVE_REGISTER, dst: SCRATCH, src: ASKED },
    { code: AND, dst: SCRATCH, imm: access },
    { code: JUMP_IF_EQUAL, dst: SCRATCH, imm: 0 },
  ]
}

function answer(allow: boolean): Instruction[] {
  return [{ code: MOVE, dst: ANSWER, imm: allow ? 1 : 0 }, { code: EXIT }]
}

function assemble(program: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(program.length * 8)
  const view = new DataView(bytes.buffer)
  for (const [index, { code, dst = 0, src = 0, off = 0, imm = 0 }] of program.entries()) {
    view.setUint8(index * 8, code)
    view.setUint8(index * 8 + 1, (src << 4) | dst)
    view.setInt16(index * 8 + 2, off, true)
    view.setInt32(index * 8 + 4, imm | 0, true)
  }
  return bytes
}
