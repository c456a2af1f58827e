import { randomBytes } from 'node:crypto'
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { depth } from '../../bundle/volumes.ts'
import { OciError } from '../../errors.ts'
import { inFolder } from '../../image/layerPath.ts'
import { placeOf } from '../../rootfs/diskEntry.ts'
import { type FolderInRoot, folderInRoot } from '../../rootfs/folderInRoot.ts'
import type { Mount } from '../../spec/runtimeConfig.ts'
import type { ContainerRecord } from './record.ts'
import { containerPaths, type Home } from './store.ts'
import { type VolumeRequest, volumeMount } from './volumes.ts'

/**
 * Makes the folders of a container's volumes, those its image wants among them: a new volume begins as what the image has
 * there. Answers their mounts, those above before those in them. ≙ docker create. Throws `CONFIG_INVALID`.
 */
export function makeVolumes(
  home: Home,
  record: ContainerRecord,
  requested: readonly VolumeRequest[],
  declared: readonly string[],
): Mount[] {
  const { bundle } = containerPaths(home, record.id)
  const rootfs = join(bundle, 'rootfs')
  const taken = new Set(requested.map(({ target }) => target))
  const all = [
    ...requested,
    ...declared.filter(target => !taken.has(target)).map(target => ({ target, readonly: false })),
  ].sort((a, b) => depth(a.target) - depth(b.target))
  // What is in a folder is taken out of it before the folder is.
  const mounts = all.toReversed().map(volume => volumeMount(volume, folderOf(home, record, rootfs, volume)))
  return mounts.toReversed()
}

/** A path of the host's that is not there becomes a folder, as with Docker; a volume is a folder of ours. */
function folderOf(home: Home, record: ContainerRecord, rootfs: string, { source, target }: VolumeRequest): string {
  if (source?.startsWith('/')) {
    if (!existsSync(source)) mkdirSync(source, { recursive: true })
    return source
  }
  const inImage = folderAt(rootfs, target)
  const own = join(containerPaths(home, record.id).folder, 'volumes', randomBytes(16).toString('hex'))
  const folder = source === undefined ? own : join(home.volumes, source)
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  fill(folder, rootfs, inImage)
  return folder
}

/** Where a volume will be mounted. In /proc it would cover what the kernel's parameters and masks are set in; runc refuses that, too. */
function folderAt(rootfs: string, target: string): FolderInRoot {
  const unfit = (what: string) =>
    new OciError('CONFIG_INVALID', `volume ${JSON.stringify(target)}: ${what}`, { where: target })
  const folder = folderInRoot(rootfs, target, () => unfit('something else than a folder is there'))
  if (folder.path === '') throw unfit('it leads to the root')
  if (folder.path.split('/')[0] === 'proc') throw unfit('it is inside /proc')
  return folder
}

/** A volume in which nothing is yet gets what its image has there, with its owner and mode: nobody else has these files. */
function fill(folder: string, rootfs: string, { path, isNew }: FolderInRoot): void {
  if (isNew || readdirSync(folder).length > 0) return
  const inImage = placeOf(rootfs, path)
  for (const name of readdirSync(inImage, 'latin1'))
    renameSync(placeOf(rootfs, inFolder(path, name)), placeOf(folder, name))
  const { uid, gid, mode } = statSync(inImage)
  chownSync(folder, uid, gid)
  chmodSync(folder, mode)
}
