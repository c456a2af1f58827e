import { readFileSync } from 'node:fs'
import { isSystemError, RuntimeError } from '../errors.ts'
import { builtPath } from '../kernel.ts'

/** The program of a pod's sandbox, static: native/pause. Throws `NATIVE_MISSING`, with how to get it, where it was not built. */
export function pauseProgram(): Uint8Array {
  const path = builtPath('ocilab-pause')
  try {
    return readFileSync(path)
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error
    throw new RuntimeError('NATIVE_MISSING', `${path}: not built`, { want: path, hint: 'run: make -C native' })
  }
}
