import type { Descriptor } from '../../../../spec/descriptor.ts'
import type { Digest } from '../../../../spec/digest.ts'
import { isIndexType, isManifestType } from '../../../../spec/mediaTypes.ts'
import type { Shelf } from './medium.ts'
import { type RepositoryIndex, withoutManifest } from './repositoryIndex.ts'
import type { Storage } from './storage.ts'

export interface GarbageOptions {
  /** Blobs younger than this are kept, in seconds: a push uploads them before the manifest that needs them. */
  grace?: number
  /** Manifests without a tag go, too, unless a kept index or a kept subject holds them. */
  untagged?: boolean
}

/** What a collection took away. */
export interface Garbage {
  manifests: number
  blobs: number
  /** In bytes: a blob that another repository still has frees none. */
  freed: number
}

const GRACE = 3600

/** Removes what no manifest needs. Pushes may go on meanwhile. ≙ `registry garbage-collect` */
export async function collectGarbage(storage: Storage, options: GarbageOptions = {}): Promise<Garbage> {
  const before = Date.now() - (options.grace ?? GRACE) * 1000
  const garbage: Garbage = { manifests: 0, blobs: 0, freed: 0 }
  await storage.forgetUploads(before)
  for (const name of await storage.medium.places()) {
    const shelf = storage.medium.shelf(name)
    // A manifest that is being pushed waits for us, or we for it: its blobs are all here afterwards, or it is refused.
    await shelf.locked(async () => {
      if (options.untagged) garbage.manifests += await removeUntagged(storage, name, shelf)
      const kept = await reachable(storage, name, shelf.index()?.index.manifests ?? [])
      for (const digest of (await shelf.digests()).filter(digest => !kept.has(digest))) {
        const freed = shelf.removeUntouched(digest, before)
        garbage.blobs += freed === undefined ? 0 : 1
        garbage.freed += freed ?? 0
      }
      await shelf.removeIfEmpty()
    })
  }
  garbage.freed += await storage.medium.sweep()
  return garbage
}

/** Everything that manifests lead to, with themselves. */
async function reachable(storage: Storage, name: string, manifests: readonly Descriptor[]): Promise<Set<Digest>> {
  const found = new Set<Digest>()
  const follow = async ({ digest, mediaType }: Descriptor): Promise<void> => {
    if (found.has(digest)) return
    found.add(digest)
    if (!isIndexType(mediaType) && !isManifestType(mediaType)) return
    if ((await storage.blob(name, digest)) === undefined) return
    for (const part of (await storage.summary(name, digest, mediaType)).parts) await follow(part)
  }
  for (const manifest of manifests) await follow(manifest)
  return found
}

async function removeUntagged(storage: Storage, name: string, shelf: Shelf): Promise<number> {
  const view = shelf.index()
  if (view === undefined) return 0
  const kept = await keptWithTags(storage, name, view)
  const gone = [...view.byDigest.keys()].filter(digest => !kept.has(digest))
  if (gone.length === 0) return 0
  await shelf.writeIndex(gone.reduce(withoutManifest, view.index))
  return gone.length
}

/** What tags lead to, and what refers to any of that, and what those lead to. */
async function keptWithTags(storage: Storage, name: string, view: RepositoryIndex): Promise<Set<Digest>> {
  const kept = await reachable(storage, name, [...view.byTag.values()])
  for (let size = -1; size !== kept.size; ) {
    size = kept.size
    for (const descriptor of view.byDigest.values()) {
      const { subject } = await storage.summary(name, descriptor.digest, descriptor.mediaType)
      if (subject === undefined || !kept.has(subject) || kept.has(descriptor.digest)) continue
      for (const digest of await reachable(storage, name, [descriptor])) kept.add(digest)
    }
  }
  return kept
}
