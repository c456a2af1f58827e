import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs'
import { machine, release } from 'node:os'
import { join } from 'node:path'
import { isSystemError } from '../../errors.ts'
import { builtPath, nativeSeccomp } from '../../kernel.ts'
import type { Seccomp } from '../../spec/linuxConfig.ts'
import { INSTRUCTION, LONGEST } from './bpf.ts'
import { compileSeccomp } from './compile.ts'

/** To be raised whenever compileSeccomp makes another program of the same config. */
const EDITION = 1
/** So many programs are kept; the next one starts afresh. */
const MOST = 64
/** Before the program: its length and its checksum; after it: the key. */
const HEADER = 8
const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants

/**
 * {@link compileSeccomp}, with the programs kept in `folder` (made, but not its parents), for libseccomp takes up to 20 ms
 * for Docker's profile. What is kept counts only if it is whole, ours alone, and of the same config, libseccomp and kernel; a
 * cache that cannot be read or written is no error. Throws what compileSeccomp throws.
 */
export function cachedSeccomp(seccomp: Seccomp, folder: string): Uint8Array {
  const key = keyOf(seccomp)
  const path = join(folder, `${checksum(key).toString(16).padStart(8, '0')}-${key.length}`)
  const usable = attempt(() => prepare(folder)) === true
  const kept = usable ? attempt(() => read(path, key)) : undefined
  if (kept) return kept
  const program = compileSeccomp(seccomp)
  if (usable) attempt(() => keep(folder, path, program, key))
  return program
}

/** All that a program depends on. It is kept with the program and compared: loading node:crypto takes longer than all else here. */
function keyOf(seccomp: Seccomp): Buffer {
  const from = [EDITION, libraryOf(), machine(), release(), seccomp]
  const text = JSON.stringify(from, (_, value) => (typeof value === 'bigint' ? `${value}n` : value))
  return Buffer.from(text)
}

/** Which libseccomp there is, as files tell it: loading it takes longer than finding the program. ldconfig(8) notes each change. */
function libraryOf(): unknown {
  const files = [builtPath('seccomp.node'), '/etc/ld.so.cache'].map(path => statSync(path, { throwIfNoEntry: false }))
  return files.every(file => file !== undefined)
    ? files.map(({ size, mtimeMs }) => [size, mtimeMs])
    : nativeSeccomp().version()
}

function prepare(folder: string): boolean {
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    if (!isSystemError(error, 'EEXIST')) throw error
  }
  const stat = lstatSync(folder)
  return stat.isDirectory() && isPrivate(stat, 0o700)
}

function read(path: string, key: Buffer): Uint8Array | undefined {
  const fd = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  try {
    const stat = fstatSync(fd)
    const most = HEADER + LONGEST * INSTRUCTION + key.length
    return stat.isFile() && isPrivate(stat, 0o600) && stat.size <= most ? programIn(readFileSync(fd), key) : undefined
  } finally {
    closeSync(fd)
  }
}

function programIn(file: Buffer, key: Buffer): Uint8Array | undefined {
  const end = file.length - key.length
  if (end <= HEADER || file.readUInt32LE(0) !== end - HEADER || (end - HEADER) % INSTRUCTION !== 0) return undefined
  const program = file.subarray(HEADER, end)
  return key.equals(file.subarray(end)) && checksum(program) === file.readUInt32LE(4) ? program : undefined
}

function keep(folder: string, path: string, program: Uint8Array, key: Buffer): void {
  const names = readdirSync(folder)
  if (names.length >= MOST) for (const name of names) rmSync(join(folder, name), { recursive: true, force: true })
  const header = Buffer.alloc(HEADER)
  header.writeUInt32LE(program.length, 0)
  header.writeUInt32LE(checksum(program), 4)
  const beside = `${path}.${process.pid}`
  try {
    writeFileSync(beside, Buffer.concat([header, program, key]), { flag: 'wx', mode: 0o600 })
    renameSync(beside, path)
  } catch (error) {
    rmSync(beside, { force: true })
    throw error
  }
}

function isPrivate({ uid, mode }: Stats, permissions: number): boolean {
  return uid === process.geteuid?.() && (mode & 0o777) === permissions
}

/** FNV-1a, in words of four bytes. */
function checksum(bytes: Uint8Array): number {
  const whole = bytes.length - (bytes.length % 4)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let sum = 0x811c9dc5
  for (let at = 0; at < whole; at += 4) sum = Math.imul(sum ^ view.getInt32(at, true), 0x01000193)
  for (let at = whole; at < bytes.length; at++) sum = Math.imul(sum ^ bytes[at]!, 0x01000193)
  return sum >>> 0
}

function attempt<T>(call: () => T): T | undefined {
  try {
    return call()
  } catch (error) {
    if (isSystemError(error)) return undefined
    throw error
  }
}
