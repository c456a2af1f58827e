import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { TarHeader, TarInput } from '../../bytes/tar.ts'
import { isOciError } from '../../errors.ts'
import { emit, type Options } from '../../events.ts'
import type { Layer } from '../../image/image.ts'
import { folderDiff, overlayDiff } from '../../rootfs/diff.ts'
import type { Lower } from '../../rootfs/lower.ts'
import { LowerFolders } from '../../rootfs/lowerFolders.ts'
import { fitsOverlay, mountOverlay, type Overlay, unmount } from '../../rootfs/overlay.ts'
import { Snapshots } from '../../rootfs/snapshots.ts'
import { TreeLower } from '../../rootfs/treeLower.ts'
import { unpackLayers } from '../../rootfs/unpack.ts'
import type { BuiltImage } from './imageState.ts'
import type { BuildStore } from './store.ts'
import { type MountPoint, makeStubs } from './stubs.ts'

/** The files a RUN sees, and what becomes of them. */
export interface RunRoot {
  readonly rootfs: string
  /** What was written, as members of a layer; what is in the `except` folders does not count. */
  changes(except: readonly string[]): Iterable<TarInput>
  /** Told of the layer that was made of the changes. */
  made(layer: Layer): Promise<void>
  /** Nothing is mounted any more. */
  close(): Promise<void>
}

interface Wanted {
  readonly folder: string
  readonly below: BuiltImage
  readonly points: readonly MountPoint[]
  readonly store: BuildStore
  readonly options: Options
}

/** An overlay over the image's layers, or where none can be had a whole copy of its files. */
export async function openRunRoot(wanted: Wanted, how: 'overlay' | 'copy'): Promise<RunRoot> {
  return (how === 'overlay' && (await overlayRoot(wanted))) || copyRoot(wanted)
}

async function overlayRoot({ folder, below, points, store, options }: Wanted): Promise<RunRoot | undefined> {
  const snapshots = new Snapshots(join(store.folder, 's'))
  const image = new LowerFolders(await snapshots.lower(below.layers, below.ground, options))
  const [rootfs, stubs, upper, work] = ['rootfs', 'stubs', 'upper', 'work'].map(name => join(folder, name)) as [
    string,
    string,
    string,
    string,
  ]
  for (const path of [rootfs, stubs, upper, work]) await mkdir(path, { mode: 0o755 })
  makeStubs(stubs, points, image)
  const lower = new LowerFolders([stubs, ...image.folders])
  const letGo = () => {
    lower.close()
    image.close()
  }
  let isMounted = await tryOverlay({ lower: lower.folders, upper, work }, rootfs, options)
  if (!isMounted) {
    letGo()
    for (const path of [rootfs, stubs, upper, work]) await rm(path, { recursive: true, force: true })
    return undefined
  }
  const unmountOnce = async () => {
    if (isMounted) await unmount(rootfs, options)
    isMounted = false
  }
  return {
    rootfs,
    changes: except => overlayDiff(upper, lower, except),
    async made(layer) {
      await unmountOnce()
      // The next RUN needs this layer as a folder: here it is.
      await snapshots.adopt(upper, layer)
    },
    async close() {
      await unmountOnce()
      letGo()
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

async function copyRoot({ folder, below, points, store, options }: Wanted): Promise<RunRoot> {
  const rootfs = join(folder, 'copy')
  await mkdir(rootfs, { mode: 0o755 })
  await unpackLayers(below.layers, rootfs, options)
  const image = new TreeLower(await store.tree(below.layers))
  const made = makeStubs(rootfs, points, image)
  const lower = withStubs(image, rootfs, made)
  return {
    rootfs,
    changes: except => folderDiff(rootfs, lower, except),
    made: async () => undefined,
    close: async () => undefined,
  }
}

/** An image with mount points, as they are now. */
function withStubs(image: Lower, rootfs: string, made: readonly string[]): Lower {
  const now = new LowerFolders([rootfs])
  const headers = new Map(made.map((path): [string, Omit<TarHeader, 'path'> | undefined] => [path, now.header(path)]))
  now.close()
  const parent = (path: string) => path.slice(0, Math.max(path.lastIndexOf('/'), 0))
  return {
    header: path => image.header(path) ?? headers.get(path),
    names: path => [
      ...image.names(path),
      ...made.filter(it => parent(it) === path).map(it => it.slice(it.lastIndexOf('/') + 1)),
    ],
  }
}
