import { linkSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { isSystemError, RuntimeError } from '../../errors.ts'
import type { SavedState } from './state.ts'

/** Written beside and renamed: a reader sees the old state or the new one. The very first is kept: see {@link readFirstState}. */
export function writeState(file: string, state: SavedState): void {
  const text = JSON.stringify(state)
  writeFileSync(`${file}.new`, `{"state":${text},"check":${checkOf(text)}}`, { mode: 0o600 })
  renameSync(`${file}.new`, file)
  try {
    linkSync(file, firstOf(file))
  } catch (error) {
    if (!isSystemError(error, 'EEXIST')) throw error
  }
}

/**
 * Throws `CONTAINER_UNKNOWN` when there is none: one that is about to be made, or has just been deleted by another.
 * Throws `CONFIG_INVALID` for a file that is not, to the last byte, what {@link writeState} wrote.
 */
export function readState(file: string, id: string): SavedState {
  try {
    const { state, check } = JSON.parse(readFileSync(file, 'utf8')) as { state?: SavedState; check?: number }
    if (state?.id !== id || check !== checkOf(JSON.stringify(state)))
      throw new Error('want the state that create wrote')
    return state
  } catch (error) {
    if (isSystemError(error, 'ENOENT'))
      throw new RuntimeError('CONTAINER_UNKNOWN', 'container does not exist', { where: id })
    throw new RuntimeError(
      'CONFIG_INVALID',
      `${file}: not a container's state: ${(error as Error).message}`,
      { where: file, hint: `ocirun delete --force ${id}` },
      { cause: error },
    )
  }
}

/** The state as it was before there was a process: it knows the cgroups, and so whose processes are there to be ended. */
export function readFirstState(file: string, id: string): SavedState | undefined {
  try {
    return readState(firstOf(file), id)
  } catch {
    return undefined
  }
}

const firstOf = (file: string) => `${file}.first`

/** FNV-1a. Of two texts that differ in one character it is never the same. */
function checkOf(text: string): number {
  let sum = 0x811c9dc5
  for (let at = 0; at < text.length; at++) sum = Math.imul(sum ^ text.charCodeAt(at), 0x01000193)
  return sum >>> 0
}
