import type { BigIntStats } from 'node:fs'
import type { Bytes } from './bytes.ts'

export type TarType = 'file' | 'directory' | 'symlink' | 'hardlink' | 'character' | 'block' | 'fifo'

/** One member of a tar. Names are bytes: Linux knows no encoding, and a layer must give them back as it got them. */
export interface TarHeader {
  path: Buffer
  type: TarType
  /** Where a symlink points, or which member a hardlink is another name of. */
  linkpath?: Buffer
  mode: number
  uid: number
  gid: number
  uname?: string
  gname?: string
  /** In bytes; 0 for all but files. */
  size: number
  mtime: TarTime
  devmajor: number
  devminor: number
  xattrs: ReadonlyMap<string, Buffer>
}

/** Seconds since 1970, and nanoseconds after them. */
export interface TarTime {
  seconds: number
  nanoseconds: number
}

export interface TarEntry extends TarHeader {
  /** To be read before the next entry is asked for; what is left unread is skipped. */
  body: Bytes
}

/** What a writer needs of a member; the rest has the obvious default. */
export type TarInput = Pick<TarHeader, 'path' | 'type'> &
  Partial<Omit<TarHeader, 'path' | 'type'>> & { body?: Uint8Array | Bytes }

/** What a file of a disk is in a tar; a socket is in none. */
export function tarTypeOf(stat: BigIntStats): TarType | undefined {
  if (stat.isFile()) return 'file'
  if (stat.isDirectory()) return 'directory'
  if (stat.isSymbolicLink()) return 'symlink'
  if (stat.isFIFO()) return 'fifo'
  if (stat.isCharacterDevice()) return 'character'
  return stat.isBlockDevice() ? 'block' : undefined
}
