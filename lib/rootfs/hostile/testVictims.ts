import { execFileSync } from 'node:child_process'
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'

/** A folder to unpack into, with things around it that nobody may touch, nor even read. Whoever gives the place clears it away. */
export interface Victims {
  /** Not there yet. */
  readonly target: string
  readonly folder: string
  /** What stands beside the target. */
  readonly beside: string
  /** Fails where one of them was changed, read, opened or joined by another. */
  expectUntouched(): void
}

const SECRET = 'the neighbour’s secret'

export function victims(within: string): Victims {
  const above = mkdtempSync(join(within, 'ocilab-hostile-'))
  const folder = join(above, 'folder')
  const beside = join(folder, 'victim')
  mkdirSync(join(beside, 'deep'), { recursive: true })
  const files = [join(above, 'secret'), join(beside, 'secret'), join(beside, 'deep/secret')]
  for (const file of files) writeFileSync(file, SECRET, { mode: 0o600 })
  // Whoever opens it waits for ever.
  execFileSync('mkfifo', [join(beside, 'pipe')])
  // A read would show: a time of access that is before the last change is always kept up to date.
  for (const path of [...files, beside, join(beside, 'deep')]) utimesSync(path, 1000, 2000)
  const watched = [...files, beside, join(beside, 'deep'), join(beside, 'pipe')]
  const look = () => watched.map(path => ({ path, ...plain(path) }))
  const before = look()
  return {
    target: join(folder, 'rootfs'),
    folder,
    beside,
    expectUntouched() {
      expect(look()).toEqual(before)
      for (const file of files) expect(readFileSync(file, 'utf8')).toBe(SECRET)
      for (const path of [...files, beside, join(beside, 'deep')]) utimesSync(path, 1000, 2000)
      // Our own look has read them.
      before.splice(0, before.length, ...look())
    },
  }
}

/** All that the kernel knows of a file, times of access and change among it. */
function plain(path: string) {
  const { ino, mode, nlink, uid, gid, size, atimeNs, mtimeNs, ctimeNs } = lstatSync(path, { bigint: true })
  return { ino, mode, nlink, uid, gid, size, atimeNs, mtimeNs, ctimeNs }
}
