import { rmdirSync } from 'node:fs'
import { isSystemError } from '../errors.ts'

/** Removes a folder, unless there is something in it, mounted on it, or no folder. */
export function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder)
  } catch (error) {
    if (!['ENOENT', 'ENOTEMPTY', 'EBUSY'].some(code => isSystemError(error, code))) throw error
  }
}
