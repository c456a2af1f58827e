import { randomBytes } from 'node:crypto'
import { cp, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isOciError, isSystemError } from '../../errors.ts'
import { emit, type Options } from '../../events.ts'
import { fitsOverlay, mountOverlay, type Overlay, unmount } from '../../rootfs/overlay.ts'
import { discardContainer, idsBeginning } from '../../runtime/runOnce.ts'
import { isGone, ownMark } from '../../transport/owner.ts'

const PREFIX = 'build-'

/** What one RUN needs on disk: its rootfs, and where what it writes ends up. */
export interface RunFolders {
  /** The container's id, too. */
  readonly id: string
  readonly folder: string
  readonly rootfs: string
  /** Nothing where the rootfs is a whole copy, because no overlay could be had. */
  readonly upper: string | undefined
  /** Unmounts it; what was written can then be moved away. */
  unmount(): Promise<void>
  /** Removes all of it. */
  close(): Promise<void>
}

/** Lays an empty folder over `lower`, or copies all of it where the file system can't. */
export async function openRunFolders(parent: string, lower: readonly string[], options: Options): Promise<RunFolders> {
  const id = `${PREFIX}${ownMark()}.${randomBytes(3).toString('hex')}`
  const folder = join(parent, id)
  const rootfs = join(folder, 'rootfs')
  const overlay: Overlay = { lower, upper: join(folder, 'upper'), work: join(folder, 'work') }
  await mkdir(folder, { recursive: true, mode: 0o700 })
  for (const path of [rootfs, overlay.upper, overlay.work]) await mkdir(path, { mode: 0o755 })
  const mounted = await tryOverlay(overlay, rootfs, options)
  if (!mounted) await copyAll(lower, rootfs)
  let isMounted = mounted
  const once = async () => {
    if (isMounted) await unmount(rootfs, options)
    isMounted = false
  }
  return {
    id,
    folder,
    rootfs,
    upper: mounted ? overlay.upper : undefined,
    unmount: once,
    async close() {
      await once()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function tryOverlay(overlay: Overlay, rootfs: string, options: Options): Promise<boolean> {
  if (!fitsOverlay(overlay)) return false
  try {
    await mountOverlay(overlay, rootfs, options)
    return true
  } catch (error) {
    // ENODEV: a kernel without overlayfs. EINVAL: a file system that cannot be its upper layer.
    const errno = isOciError(error) ? error.data.errno : undefined
    if (errno !== 'EINVAL' && errno !== 'ENODEV') throw error
    emit(options, { type: 'undone', undo: { kind: 'mount', path: rootfs } })
    return false
  }
}

/** Only ever one folder: see {@link Snapshots.flat}. */
async function copyAll(lower: readonly string[], rootfs: string): Promise<void> {
  for (const folder of [...lower].reverse())
    await cp(folder, rootfs, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true, force: true })
}

/** Takes back what builds that were killed have left: mounts first, lest what is below them is removed. */
export async function sweepRunFolders(parent: string): Promise<void> {
  const isLeft = (id: string) => id.startsWith(PREFIX) && isGone(id.slice(PREFIX.length))
  for (const id of idsBeginning(PREFIX).filter(isLeft)) await discardContainer(id)
  const names = (await namesIn(parent)).filter(isLeft)
  if (names.length === 0) return
  const mounted = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').map(line => line.split(' ')[4] ?? '')
  for (const name of names) {
    const folder = join(parent, name)
    for (const path of mounted.filter(path => path.startsWith(`${folder}/`)).reverse()) await unmount(path)
    await rm(folder, { recursive: true, force: true })
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return []
    throw error
  }
}
