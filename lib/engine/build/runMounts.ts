import { chmod, chown, lstat, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { OciError } from '../../errors.ts'
import { LayerTree } from '../../image/tree.ts'
import { Snapshots } from '../../rootfs/snapshots.ts'
import { digestOf, hexOf } from '../../spec/digest.ts'
import type { Mount } from '../../spec/runtimeConfig.ts'
import { withLock } from '../../transport/lock.ts'
import { makeFolder, stagingIn } from '../../transport/staging.ts'
import { Changes } from './changes.ts'
import { absolutePath } from './configure.ts'
import { copyInto } from './copy.ts'
import { findSources } from './copySources.ts'
import type { RunMount } from './dockerfile/instruction.ts'
import type { BuildConfig } from './imageState.ts'
import type { CopySource } from './source.ts'
import type { BuildStore } from './store.ts'
import type { MountPoint } from './stubs.ts'

/** What RUN's mounts are in a config.json, and what has to be in the image for them. */
export interface MountsReady {
  readonly mounts: Mount[]
  readonly points: MountPoint[]
}

export interface PreparedMounts {
  /** What the result depends on: what is bound, but not what a cache holds. */
  readonly describes: readonly unknown[]
  /** Makes the mounts' sources, and lets go of them afterwards. */
  during<T>(work: (ready: MountsReady) => Promise<T>): Promise<T>
}

interface Around {
  readonly store: BuildStore
  readonly signal?: AbortSignal
  print(line: string): void
  sourceOf(from: string | undefined): Promise<CopySource>
  expand(word: string): string
}

const CACHE_MODE = 0o755
const NAME = 'mounted'

/** Looks at what `RUN --mount=…` asks for; nothing is made yet. Throws `COPY_FAILED` for what is not there. */
export async function prepareMounts(
  mounts: readonly RunMount[],
  config: BuildConfig,
  around: Around,
): Promise<PreparedMounts> {
  const prepared = await Promise.all(mounts.map(mount => prepare(expanded(mount, config, around), around)))
  return {
    describes: prepared.map(({ describes }) => describes),
    during: work => alone(lockedCaches(prepared), around, () => within(prepared, { mounts: [], points: [] }, work)),
  }
}

/** In the same order in every build, so that no two wait for each other; each once, however often it is mounted. */
function lockedCaches(prepared: readonly Prepared[]): LockedCache[] {
  const byPath = new Map(prepared.flatMap(({ locked }) => (locked ? [[locked.path, locked]] : [])))
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** Waits for the builds that have these caches now, for as long as they take. */
async function alone<T>([first, ...rest]: readonly LockedCache[], around: Around, work: () => Promise<T>): Promise<T> {
  if (!first) return work()
  await makeFolder(dirname(first.path))
  return withLock(first.path, () => alone(rest, around, work), {
    signal: around.signal,
    patience: Number.POSITIVE_INFINITY,
    onWait: () => around.print(` ---> Waiting for cache ${first.id}: another build has locked it`),
  })
}

interface LockedCache {
  readonly id: string
  readonly path: string
}

interface Prepared {
  readonly describes: unknown
  /** Had by one RUN at a time. */
  readonly locked?: LockedCache
  readonly target: string
  open<T>(work: (ready: { mount: Mount; isFolder: boolean }) => Promise<T>): Promise<T>
}

/** Opens one after the other, so that each is closed whatever becomes of the next. */
async function within<T>(
  [first, ...rest]: readonly Prepared[],
  ready: MountsReady,
  work: (ready: MountsReady) => Promise<T>,
): Promise<T> {
  if (!first) return work(ready)
  return first.open(({ mount, isFolder }) => {
    const points = [...ready.points, { path: first.target, isFolder }]
    return within(rest, { mounts: [...ready.mounts, mount], points }, work)
  })
}

function expanded(mount: RunMount, config: BuildConfig, { expand }: Around): RunMount {
  const target = absolutePath(expand(mount.target), config)
  return { ...mount, target, source: expand(mount.source), id: mount.id && expand(mount.id) }
}

function prepare(mount: RunMount, around: Around): Promise<Prepared> {
  if (mount.type === 'tmpfs') return Promise.resolve(tmpfs(mount))
  return mount.type === 'cache' ? Promise.resolve(cache(mount, around.store)) : bind(mount, around)
}

function tmpfs({ target, size, readonly }: RunMount): Prepared {
  const options = ['nosuid', 'nodev', ...(size ? [`size=${size}`] : []), ...(readonly ? ['ro'] : [])]
  const mount: Mount = { destination: target, type: 'tmpfs', source: 'tmpfs', options }
  return { describes: ['tmpfs', target, size], target, open: work => work({ mount, isFolder: true }) }
}

/** A folder that lives on from build to build; what is in it is no part of any image. */
function cache(mount: RunMount, store: BuildStore): Prepared {
  const { target, id = target, sharing, mode = CACHE_MODE, uid, gid, readonly } = mount
  const parent = join(store.folder, 'mounts')
  const shared = join(parent, hexOf(digestOf(id)).slice(0, 16))
  const make = async (path: string) => {
    await makeFolder(parent)
    // The one that is there keeps what its programs made of it.
    if ((await mkdir(path, { recursive: true })) === undefined) return
    await chmod(path, mode)
    await chown(path, uid, gid)
  }
  const bound = (source: string) => ({ mount: bindMount(target, source, readonly), isFolder: true })
  return {
    describes: ['cache', target, id],
    target,
    locked: sharing === 'locked' ? { id, path: `${shared}.lock` } : undefined,
    async open(work) {
      if (sharing === 'private') {
        const staging = stagingIn(parent)
        try {
          const own = await staging.file()
          await make(own)
          return await work(bound(own))
        } finally {
          await staging.close()
        }
      }
      await make(shared)
      return work(bound(shared))
    },
  }
}

/** Files of the context or of an image: a copy of them, so that what is written there goes nowhere. */
async function bind(mount: RunMount, { store, sourceOf, signal }: Around): Promise<Prepared> {
  const { target, source, from, readonly } = mount
  const { staging } = store.blobs
  const request = { keyword: 'COPY' as const, sources: [source], files: [], exclude: [], signal }
  const found = await findSources(await sourceOf(from), request)
  if (found.items.length !== 1) throw new OciError('COPY_FAILED', `--mount: ${source}: want one file or folder`)
  return {
    describes: ['bind', target, found.hash],
    target,
    async open(work) {
      const changes = new Changes(new LayerTree(), 0, { now: { seconds: 0, nanoseconds: 0 } })
      await copyInto(changes, found, {
        keyword: 'COPY',
        destination: `/${NAME}`,
        owner: undefined,
        mode: undefined,
        staging,
      })
      const layer = await store.putTar(changes.members(), { signal })
      const snapshots = new Snapshots(await staging.file())
      const path = join(await snapshots.flat(layer ? [layer] : []), NAME)
      const isFolder = (await lstat(path)).isDirectory()
      return work({ mount: bindMount(target, path, readonly), isFolder })
    },
  }
}

function bindMount(destination: string, source: string, readonly: boolean): Mount {
  return { destination, type: 'bind', source, options: ['bind', readonly ? 'ro' : 'rw'] }
}
