import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path/posix'
import { placeOf } from '../../rootfs/diskEntry.ts'
import type { Lower } from '../../rootfs/lower.ts'
import { asBytes } from './source.ts'
import { Way } from './way.ts'

/** A place that something will be mounted on. */
export interface MountPoint {
  readonly path: string
  readonly isFolder: boolean
}

const MODE = 0o755

/**
 * Makes the mount points that an image lacks, in a folder that is laid over it; folders that the image has keep their
 * mode and owner. Answers what was made, with the folders above: none of it is to end up in a layer.
 */
export function makeStubs(folder: string, points: readonly MountPoint[], lower: Lower): string[] {
  const made: string[] = []
  for (const { path, isFolder } of points) {
    const inside = realPath(lower, asBytes(path))
    if (inside === '' || lower.header(inside)) continue
    makeFolders(folder, dirname(inside), lower, made)
    if (isFolder) mkdirSync(placeOf(folder, inside), { recursive: true, mode: MODE })
    else writeFileSync(placeOf(folder, inside), '', { mode: MODE, flag: 'a' })
    made.push(inside)
  }
  return made
}

function makeFolders(folder: string, path: string, lower: Lower, made: string[]): void {
  if (path === '.' || path === '') return
  makeFolders(folder, dirname(path), lower, made)
  const target = placeOf(folder, path)
  if (mkdirSync(target, { recursive: true, mode: MODE }) === undefined) return
  const there = lower.header(path)
  if (!there) made.push(path)
  else {
    chownSync(target, there.uid, there.gid)
    chmodSync(target, there.mode)
  }
}

/** Where a path leads in the image: a mount point behind a symlink is made where the symlink points. */
function realPath(lower: Lower, path: string): string {
  const way = new Way(path)
  while (way.step()) {
    const link = lower.header(way.path)?.linkpath
    if (link) way.follow(link)
  }
  return way.path
}
