import { endianness } from 'node:os'
import { ARCHITECTURES } from './names.ts'

/** A system call, as the kernel shows it to a filter. */
export interface Call {
  number: number
  args?: (number | bigint)[]
  arch?: number
}

const LE = endianness() === 'LE'
const KINDS: Record<number, string> = {
  0: 'kill thread',
  2147483648: 'kill process',
  196608: 'trap',
  327680: 'errno',
  2143289344: 'notify',
  2146435072: 'trace',
  2147221504: 'log',
  2147418112: 'allow',
}

/** What a filter answers: `allow`, `errno 1`, `kill thread` … */
export function decision(program: Uint8Array, call: Call): string {
  const answer = run(program, seccompData(call))
  const [kind, data] = [(answer & 0xffff0000) >>> 0, answer & 0xffff]
  const name = KINDS[kind] ?? `0x${kind.toString(16)}`
  return name === 'errno' || name === 'trace' || data !== 0 ? `${name} ${data}` : name
}

function seccompData({ number, args = [], arch = ARCHITECTURES.SCMP_ARCH_X86_64 }: Call): DataView {
  const data = new DataView(new ArrayBuffer(64))
  data.setInt32(0, number, LE)
  data.setUint32(4, arch, LE)
  for (const [i, arg] of args.entries()) data.setBigUint64(16 + i * 8, BigInt.asUintN(64, BigInt(arg)), LE)
  return data
}

/** Classic BPF, as far as seccomp allows it; what we do not know is an error, as is any way out of the program. */
function run(program: Uint8Array, data: DataView): number {
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength)
  let accumulator = 0
  for (let at = 0; at * 8 < program.length; at++) {
    const code = view.getUint16(at * 8, LE)
    const [yes, no, value] = [view.getUint8(at * 8 + 2), view.getUint8(at * 8 + 3), view.getUint32(at * 8 + 4, LE)]
    if (code === 0x06) return value
    if (code === 0x20) accumulator = data.getUint32(value, LE)
    else if (code === 0x54) accumulator = (accumulator & value) >>> 0
    else if (code === 0x05) at += value
    else at += jump(code, accumulator, value) ? yes : no
  }
  throw new Error('the program has no end')
}

function jump(code: number, accumulator: number, value: number): boolean {
  if (code === 0x15) return accumulator === value
  if (code === 0x25) return accumulator > value
  if (code === 0x35) return accumulator >= value
  if (code === 0x45) return (accumulator & value) !== 0
  throw new Error(`no such instruction: 0x${code.toString(16)}`)
}
