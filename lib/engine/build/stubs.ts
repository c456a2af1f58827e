import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'
import type { Lower } from '../../rootfs/lower.ts'

/** A place that something will be mounted on. */
export interface MountPoint {
  readonly path: string
  readonly isFolder: boolean
}

const MODE = 0o755

/**
 * Makes the mount points that an image lacks in a folder of their own, to be laid between the image and what RUN writes:
 * so none of them ends up in the layer. Folders that the image has keep their mode and owner.
 */
export function makeStubs(folder: string, points: readonly MountPoint[], lower: Lower): void {
  for (const { path, isFolder } of points) {
    const inside = path.replace(/^\/+|\/+$/g, '')
    if (inside === '' || lower.header(inside)) continue
    makeFolders(folder, dirname(inside), lower)
    if (isFolder) mkdirSync(join(folder, inside), { recursive: true, mode: MODE })
    else writeFileSync(join(folder, inside), '', { mode: MODE, flag: 'a' })
  }
}

function makeFolders(folder: string, path: string, lower: Lower): void {
  if (path === '.' || path === '') return
  makeFolders(folder, dirname(path), lower)
  const target = join(folder, path)
  if (mkdirSync(target, { recursive: true, mode: MODE }) === undefined) return
  const there = lower.header(path)
  if (there?.type !== 'directory') return
  chownSync(target, there.uid, there.gid)
  chmodSync(target, there.mode)
}
