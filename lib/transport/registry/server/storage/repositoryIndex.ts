import type { Descriptor } from '../../../../spec/descriptor.ts'
import type { Digest } from '../../../../spec/digest.ts'
import type { Index } from '../../../../spec/manifest.ts'
import { REF_NAME, withManifest } from '../../../layoutIndex.ts'

/** distribution-spec § Pulling manifests: the grammar of a tag. */
export const TAG = /^\w[\w.-]{0,127}$/

/** The index.json of a repository, arranged for looking things up. */
export interface RepositoryIndex {
  readonly index: Index
  readonly byTag: ReadonlyMap<string, Descriptor>
  readonly byDigest: ReadonlyMap<Digest, Descriptor>
  /** In the order of their bytes. */
  readonly tags: readonly string[]
}

/** Arranges an index. What others wrote into it under a name that is no tag has its digest only. */
export function arranged(index: Index): RepositoryIndex {
  const byTag = new Map<string, Descriptor>()
  const byDigest = new Map<Digest, Descriptor>()
  for (const descriptor of index.manifests) {
    const tag = descriptor.annotations?.[REF_NAME]
    if (tag !== undefined && TAG.test(tag)) byTag.set(tag, descriptor)
    if (!byDigest.has(descriptor.digest)) byDigest.set(descriptor.digest, descriptor)
  }
  return { index, byTag, byDigest, tags: [...byTag.keys()].sort() }
}

/** The index with a manifest in it, under these tags or under none; a tag that another manifest had moves to it. */
export function withTags(index: Index, descriptor: Descriptor, tags: readonly string[]): Index {
  const names = tags.length > 0 ? tags : index.manifests.some(it => it.digest === descriptor.digest) ? [] : [undefined]
  const manifests = names.reduce<readonly Descriptor[]>(
    (all, tag) => withManifest(all, descriptor, tag),
    index.manifests,
  )
  return { ...index, manifests: withoutDoubles(manifests) }
}

/** The index without a tag; the manifest itself stays. */
export function withoutTag(index: Index, tag: string): Index {
  const manifests = index.manifests.map(it => (it.annotations?.[REF_NAME] === tag ? unnamed(it) : it))
  return { ...index, manifests: withoutDoubles(manifests) }
}

/** The index without a manifest, whatever tags it has. */
export function withoutManifest(index: Index, digest: Digest): Index {
  return { ...index, manifests: index.manifests.filter(it => it.digest !== digest) }
}

/** An entry without a name says nothing that one with a name does not say. */
function withoutDoubles(manifests: readonly Descriptor[]): Descriptor[] {
  const seen = new Set<string>()
  const named = new Set(manifests.filter(it => it.annotations?.[REF_NAME] !== undefined).map(it => it.digest))
  return manifests.filter(it => {
    if (it.annotations?.[REF_NAME] !== undefined) return true
    if (named.has(it.digest) || seen.has(it.digest)) return false
    seen.add(it.digest)
    return true
  })
}

function unnamed(descriptor: Descriptor): Descriptor {
  const { [REF_NAME]: _name, ...others } = descriptor.annotations ?? {}
  const { annotations: _all, ...bare } = descriptor
  return Object.keys(others).length > 0 ? { ...bare, annotations: others } : bare
}
