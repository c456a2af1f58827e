/**
 * The only door to native/: every call that `node:fs` and friends lack, declared in this file.
 * Only rootfs, runtime and network may open it.
 */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'
import { KernelError } from './errors.ts'

/** What native/binding.cc exports. */
export interface Native {
  readonly [call: string]: (...args: never[]) => unknown
}

let loaded: Native | undefined

/** The addon. Throws `NATIVE_MISSING`, with how to get it, where it was not built. */
export function native(): Native {
  loaded ??= load()
  return loaded
}

function load(): Native {
  const path = fileURLToPath(new URL('../native/build/ocilab.node', import.meta.url))
  if (process.platform !== 'linux')
    throw new KernelError('NATIVE_MISSING', `this step needs a Linux kernel (got ${process.platform})`, {
      want: 'linux',
      got: process.platform,
      hint: 'use the lab VM: see lab-vm/README.md',
    })
  if (!existsSync(path))
    throw new KernelError('NATIVE_MISSING', `${path}: not built`, { want: path, hint: 'run: make -C native' })
  return createRequire(import.meta.url)(path) as Native
}

const NAMES = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]))

/** Makes a KernelError of what native/ threw: `mount proc on /proc: EPERM`. */
export function kernelError(error: unknown, what: string): KernelError {
  const { errno, syscall, detail } = error as { errno?: number; syscall?: string; detail?: string }
  if (typeof errno !== 'number') throw error
  const name = NAMES.get(errno) ?? `errno ${errno}`
  const code = name === 'EPERM' || name === 'EACCES' ? 'NOT_PERMITTED' : 'KERNEL'
  const reason = detail ? `${name} (${detail})` : name
  return new KernelError(code, `${what}: ${reason}`, { errno: name, syscall, detail, where: what }, { cause: error })
}
