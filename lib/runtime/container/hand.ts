import { closeSync, writeSync } from 'node:fs'
import { constants } from 'node:os'
import { isSystemError, RuntimeError } from '../../errors.ts'
import { builtPath, native } from '../../kernel.ts'
import { describeStep } from '../plan/describe.ts'
import { encodePlan } from '../plan/encode.ts'
import type { Step, SyncPoint } from '../plan/step.ts'

/** How a plan is carried out. */
export interface CarryOut {
  /** stdin, stdout, stderr. */
  streams: readonly number[]
  /** How many descriptors from 3 on stay. */
  preserved: number
  /**
   * Nobody of ours stays with it: its exit is for whoever takes in orphans, as containerd's shim does, to hear of.
   */
  detached?: boolean
  /** Called where the plan waits for the runtime; it goes on when this is done. `descriptor` is one of the process's own. */
  at(point: SyncPoint, pid: number, descriptor: number): void | Promise<void>
}

/** A process that a plan made. */
export interface Carried {
  readonly pid: number
  /** Its exit code, 128 + the signal for one that was killed. Idle: waiting for it does not keep the program alive. */
  exited(how?: { idle?: boolean }): Promise<number>
  /** Until its program has been run, or could not be. */
  executed(): Promise<void>
}

/**
 * Starts native/init with the plan and stays with it up to the last sync.
 * Throws `KERNEL` or `NOT_PERMITTED` naming the step that failed: `mount -t proc proc /proc: EPERM (step 4 of 11)`.
 */
export async function carryOut(
  steps: readonly Step[],
  { streams, preserved, detached, at }: CarryOut,
): Promise<Carried> {
  const { pid: keeper, channel, watch } = native().startInit(builtPath('ocirun-init'), streams, preserved)
  const end = once(() => closeSync(channel))
  // Before its program runs: a keeper that is still there when it ends would be told of it, and nobody else.
  const leave = once(() => {
    closeSync(watch)
    native().reap(keeper)
  })
  try {
    // One that is gone already has said why: that is what comes next.
    writeAll(channel, encodePlan(steps), () => {})
    const syncs = steps.filter(step => step.op === 'sync').length
    let child = 0
    for (let seen = 0; seen < syncs; seen++) {
      const { name, descriptor } = await nextSync(channel, steps)
      child ||= (await next(watch))?.value ?? 0
      await at(name, child, descriptor)
      if (detached && seen === syncs - 1) leave()
      writeAll(channel, Buffer.from('g'), hasEnded)
    }
    return {
      pid: child,
      async exited({ idle = false } = {}) {
        const message = await next(watch, idle)
        native().reap(keeper)
        return message?.value ?? 255
      },
      async executed() {
        const message = await next(channel)
        end()
        if (message) throw stepError(message, steps)
      },
    }
  } catch (error) {
    // Without a word from us it goes no further, and ends.
    end()
    leave()
    throw error
  }
}

async function nextSync(channel: number, steps: readonly Step[]): Promise<{ name: SyncPoint; descriptor: number }> {
  const message = await next(channel)
  if (!message) hasEnded()
  const step = steps[message.step]
  if (message.kind !== SYNC || step?.op !== 'sync') throw stepError(message, steps)
  return { name: step.name, descriptor: message.value }
}

/** native/init/report.h */
export interface Message {
  readonly kind: number
  readonly step: number
  readonly value: number
  readonly detail: string
}

const SYNC = 'S'.charCodeAt(0)
/** That `start` was heard. */
export const STARTED = 'G'.charCodeAt(0)
export const MESSAGE_HEAD = 16

/** The message in these bytes. */
export function parseMessage(bytes: Buffer): Message {
  return {
    kind: bytes.readUInt32LE(0),
    step: bytes.readUInt32LE(4),
    value: bytes.readInt32LE(8),
    detail: bytes.toString('utf8', MESSAGE_HEAD),
  }
}

function next(fd: number, idle = false): Promise<Message | undefined> {
  return new Promise(resolve => native().receive(fd, bytes => resolve(bytes && parseMessage(bytes)), idle))
}

const ERRNO = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]))
const SAID = new Map([
  ['ENOENT', 'no such file or directory'],
  ['EACCES', 'permission denied'],
  ['EISDIR', 'is a directory'],
  ['ENOEXEC', 'exec format error'],
  ['ELOOP', 'too many levels of symbolic links'],
  ['E2BIG', 'argument list too long'],
])

/** What a message of failure says, for people: in the words of other runtimes where programs look for those. */
export function stepError({ step: index, value, detail }: Message, steps: readonly Step[]): RuntimeError {
  const step = steps[index]
  const errno = ERRNO.get(value) ?? `errno ${value}`
  const [syscall, what] = detail.split('\t')
  const data = { errno, syscall, step: index + 1, where: what }
  const code = errno === 'EPERM' || errno === 'EACCES' ? 'NOT_PERMITTED' : 'KERNEL'
  if (step?.op === 'find' || step?.op === 'exec') {
    const last = steps.at(-1)
    const name = (last?.op === 'exec' && last.args[0]) || ''
    const missing = errno === 'ENOENT' && !name.includes('/')
    const reason = missing ? 'executable file not found in $PATH' : `${SAID.get(errno) ?? errno}`
    // What was there when it was looked for, and is not when it is run, is the interpreter in its first line.
    if (step.op === 'exec' && errno === 'ENOENT')
      return new RuntimeError('COMMAND_FAILED', `exec ${name}: no such file or directory`, data)
    const middle = missing || errno !== 'ENOENT' ? '' : `stat ${name}: `
    return new RuntimeError('COMMAND_FAILED', `exec: ${JSON.stringify(name)}: ${middle}${reason}`, data)
  }
  if (step?.op === 'chdir')
    return new RuntimeError(
      code,
      `chdir to cwd (${JSON.stringify(step.path)}) set in config.json failed: ${SAID.get(errno) ?? errno}`,
      data,
    )
  const told = step ? describeStep(step) : 'no step'
  const also = what && !told.includes(what) ? ` (${what})` : ''
  return new RuntimeError(code, `${told}: ${syscall}: ${errno}${also} (step ${index + 1} of ${steps.length})`, data)
}

function writeAll(fd: number, bytes: Uint8Array, gone: () => void): void {
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at)
  } catch (error) {
    if (!isSystemError(error, 'EPIPE')) throw error
    gone()
  }
}

function hasEnded(): never {
  throw new RuntimeError('KERNEL', 'the container process ended before its program was run', {})
}

function once(action: () => void): () => void {
  let done = false
  return () => {
    if (!done) action()
    done = true
  }
}
