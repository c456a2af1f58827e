import type { BigIntStats } from 'node:fs'
import { lstatSync, readlinkSync } from 'node:fs'
import { fileBytes } from '../bytes/file.ts'
import { type TarHeader, type TarInput, tarTypeOf } from '../bytes/tar.ts'
import { toBytes } from '../image/layerPath.ts'
import { kernelError, type NativeRoot } from '../kernel.ts'
import { NOT_THE_FILES_OWN } from './lower.ts'

/** A file on disk as a layer would have it, and what else tells it from another. */
export interface DiskEntry {
  readonly header: Omit<TarHeader, 'path'>
  readonly stat: BigIntStats
}

const NANOSECONDS = 1_000_000_000n

/** A name below a folder, whose last part is never followed; nothing when it is not there, or is a socket. */
export function diskEntry(folder: string, path: string, root: NativeRoot): DiskEntry | undefined {
  const stat = lstatSync(placeOf(folder, path), { bigint: true, throwIfNoEntry: false })
  const type = stat && tarTypeOf(stat)
  if (!stat || !type) return undefined
  return {
    stat,
    header: {
      type,
      linkpath: type === 'symlink' ? readlinkSync(placeOf(folder, path), 'buffer') : undefined,
      mode: Number(stat.mode) & 0o7777,
      uid: Number(stat.uid),
      gid: Number(stat.gid),
      size: type === 'file' ? Number(stat.size) : 0,
      mtime: {
        seconds: Number(floorDiv(stat.mtimeNs)),
        nanoseconds: Number(stat.mtimeNs - floorDiv(stat.mtimeNs) * NANOSECONDS),
      },
      devmajor: type === 'character' || type === 'block' ? Number((stat.rdev >> 8n) & 0xfffn) : 0,
      devminor:
        type === 'character' || type === 'block' ? Number((stat.rdev & 0xffn) | ((stat.rdev >> 12n) & 0xfff00n)) : 0,
      xattrs: new Map(xattrsOf(root, path).filter(([name]) => !NOT_THE_FILES_OWN.test(name))),
    },
  }
}

/** The entry as a member of a tar. */
export function diskMember(folder: string, path: string, { header }: DiskEntry): TarInput {
  const body = header.type === 'file' ? fileBytes(placeOf(folder, path)) : undefined
  return { ...header, path: toBytes(path), body }
}

/** How overlayfs keeps that something below is not there any more: a device 0:0. */
export function isWhiteout({ header }: DiskEntry): boolean {
  return header.type === 'character' && header.devmajor === 0 && header.devminor === 0
}

/** True for a folder that hides all that overlayfs has below it. */
export function isOpaque(root: NativeRoot, path: string): boolean {
  return xattrsOf(root, path).some(([name, value]) => name === 'trusted.overlay.opaque' && value.toString() === 'y')
}

function xattrsOf(root: NativeRoot, path: string): [string, Buffer][] {
  try {
    return root.xattrs(toBytes(path))
  } catch (error) {
    throw kernelError(error, `xattrs of ${path || '/'}`)
  }
}

export function placeOf(folder: string, path: string): Buffer {
  return path === '' ? Buffer.from(folder) : Buffer.concat([Buffer.from(`${folder}/`), toBytes(path)])
}

function floorDiv(nanoseconds: bigint): bigint {
  const whole = nanoseconds / NANOSECONDS
  return nanoseconds < 0n && nanoseconds % NANOSECONDS !== 0n ? whole - 1n : whole
}
