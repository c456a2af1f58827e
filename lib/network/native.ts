import type { constants } from 'node:os'
import { isOciError } from '../errors.ts'
import { kernelError, native } from '../kernel.ts'

/** Makes sure that the native part is there. Throws `NATIVE_MISSING`, with how to get it. */
export function openNative(): void {
  native()
}

/** Waits for a native call; a failure becomes a KernelError that begins with `what`. */
export async function calling<T>(what: string, call: Promise<T>): Promise<T> {
  try {
    return await call
  } catch (error) {
    throw isOciError(error) ? error : kernelError(error, what)
  }
}

/** True for a failed system call with one of these errnos. */
export function isErrno(error: unknown, ...names: (keyof typeof constants.errno)[]): boolean {
  return isOciError(error) && names.some(name => error.data.errno === name)
}
