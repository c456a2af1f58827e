import { endianness } from 'node:os'

/** One instruction of classic BPF: struct sock_filter of linux/filter.h. Jumps count from the next instruction. */
export interface Instruction {
  code: number
  yes: number
  no: number
  value: number
}

/** In bytes. */
export const INSTRUCTION = 8

/** The kernel takes no longer program (BPF_MAXINSNS), in instructions. */
export const LONGEST = 4096

/** Codes of linux/bpf_common.h, each an operation on the accumulator. */
export const CODE = {
  load: 0x20,
  jump: 0x05,
  jumpEqual: 0x15,
  jumpGreater: 0x25,
  jumpBits: 0x45,
  answer: 0x06,
} as const

/** Where the kernel puts what a filter may look at: struct seccomp_data of linux/seccomp.h. */
export const OFFSET = { number: 0, architecture: 4 } as const

/** A program as this machine's kernel reads it. */
export function encode(program: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(program.length * INSTRUCTION)
  const view = new DataView(bytes.buffer)
  const little = endianness() === 'LE'
  for (const [i, { code, yes, no, value }] of program.entries()) {
    view.setUint16(i * INSTRUCTION, code, little)
    view.setUint8(i * INSTRUCTION + 2, yes)
    view.setUint8(i * INSTRUCTION + 3, no)
    view.setUint32(i * INSTRUCTION + 4, value, little)
  }
  return bytes
}
