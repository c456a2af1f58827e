import type { TarHeader } from '../bytes/tar.ts'

// What a kernel keeps for itself: an overlay's own notes, and labels that a security module gives every file.
export const NOT_THE_FILES_OWN = /^(trusted\.overlay\.|user\.overlay\.|security\.selinux$)/

/** What was there before: the folders below an overlay, or an image. */
export interface Lower {
  /** What stands at a path; symlinks are not followed. */
  header(path: string): Omit<TarHeader, 'path'> | undefined
  /** The names in a folder. */
  names(path: string): string[]
}

/** True when this very entry is there already, but for a folder's times. */
export function isUnchanged(lower: Lower, path: string, is: Omit<TarHeader, 'path'>): boolean {
  const was = lower.header(path)
  if (!was) return false
  // A symlink has no mode of its own: Linux says 777 of all, whatever a tar says.
  const sameMode = was.mode === is.mode || is.type === 'symlink'
  const sameOwner = was.type === is.type && sameMode && was.uid === is.uid && was.gid === is.gid
  if (!sameOwner || !sameXattrs(was.xattrs, is.xattrs)) return false
  if (is.type === 'directory') return true
  const sameTime = was.mtime.seconds === is.mtime.seconds && was.mtime.nanoseconds === is.mtime.nanoseconds
  const sameDevice = was.devmajor === is.devmajor && was.devminor === is.devminor
  return sameTime && sameDevice && was.size === is.size && String(was.linkpath) === String(is.linkpath)
}

function sameXattrs(was: ReadonlyMap<string, Buffer>, is: ReadonlyMap<string, Buffer>): boolean {
  const own = [...was].filter(([name]) => !NOT_THE_FILES_OWN.test(name))
  return own.length === is.size && own.every(([name, value]) => is.get(name)?.equals(value))
}
