import type { TarHeader } from '../bytes/tar.ts'

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
  const sameOwner = was.type === is.type && was.mode === is.mode && was.uid === is.uid && was.gid === is.gid
  if (!sameOwner || !sameXattrs(was.xattrs, is.xattrs)) return false
  if (is.type === 'directory') return true
  const sameTime = was.mtime.seconds === is.mtime.seconds && was.mtime.nanoseconds === is.mtime.nanoseconds
  const sameDevice = was.devmajor === is.devmajor && was.devminor === is.devminor
  return sameTime && sameDevice && was.size === is.size && String(was.linkpath) === String(is.linkpath)
}

function sameXattrs(a: ReadonlyMap<string, Buffer>, b: ReadonlyMap<string, Buffer>): boolean {
  return a.size === b.size && [...a].every(([name, value]) => b.get(name)?.equals(value))
}
