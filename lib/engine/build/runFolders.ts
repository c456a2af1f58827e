import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { namesIfThere } from '../../bytes/readIfThere.ts'
import { unmount } from '../../rootfs/overlay.ts'
import { discardContainer, idsBeginning } from '../../runtime/runOnce.ts'
import { isGone, ownMark } from '../../transport/owner.ts'

const PREFIX = 'build-'

/** A folder for one RUN, named like its container after this process. */
export async function makeRunFolder(parent: string): Promise<{ id: string; folder: string }> {
  const id = `${PREFIX}${ownMark()}.${randomBytes(3).toString('hex')}`
  const folder = join(parent, id)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  return { id, folder }
}

/** Takes back what builds that were killed have left: mounts first, lest what is below them is removed. */
export async function sweepRunFolders(parent: string): Promise<void> {
  const isLeft = (id: string) => id.startsWith(PREFIX) && isGone(id.slice(PREFIX.length))
  for (const id of idsBeginning(PREFIX).filter(isLeft)) await discardContainer(id)
  const names = namesIfThere(parent).filter(isLeft)
  if (names.length === 0) return
  const mounted = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').map(line => line.split(' ')[4] ?? '')
  for (const name of names) {
    const folder = join(parent, name)
    for (const path of mounted.filter(path => path.startsWith(`${folder}/`)).reverse()) await unmount(path)
    await rm(folder, { recursive: true, force: true })
  }
}
