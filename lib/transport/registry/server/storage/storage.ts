import { collect } from '../../../../bytes/collect.ts'
import { isSystemError, OciError, RegistryError } from '../../../../errors.ts'
import type { Descriptor } from '../../../../spec/descriptor.ts'
import { type Algorithm, algorithmOf, type Digest, digestOf, isDigest, shortDigest } from '../../../../spec/digest.ts'
import { detectMediaType } from '../../../../spec/manifest.ts'
import type { Medium, StoredBlob } from './medium.ts'
import { withoutManifest, withoutTag, withTags } from './repositoryIndex.ts'
import { type ManifestSummary, summarize } from './summary.ts'
import { Upload } from './upload.ts'

/** A manifest, or an index, as it is kept. */
export interface StoredManifest {
  readonly descriptor: Descriptor
  readonly raw: Uint8Array
}

/** A manifest is read whole: so much of it, and no more. */
export const MANIFEST_LIMIT = 4 << 20
const CACHE_LIMIT = 64 << 20
const UPLOAD_LIFE = 24 * 3600_000

/** What a registry does with its repositories, wherever they are kept. */
export class Storage {
  readonly medium: Medium
  private readonly uploads = new Map<string, Upload>()
  private readonly blobLimit: number
  // What is under a digest never changes, so it is read, checked and understood once.
  private readonly manifests = new Map<Digest, { raw: Uint8Array; summary?: ManifestSummary }>()
  private cached = 0
  // Being read right now. A crowd that asks for the same one has it read once, not each with a buffer of its own.
  private readonly reading = new Map<string, Promise<Uint8Array>>()

  constructor(medium: Medium, { blobLimit = Number.MAX_SAFE_INTEGER } = {}) {
    this.medium = medium
    this.blobLimit = blobLimit
  }

  repositories(): Promise<string[]> {
    return this.medium.names()
  }

  /** In the order of their bytes; undefined for a repository nobody has pushed to. */
  async tags(name: string): Promise<readonly string[] | undefined> {
    return this.medium.shelf(name).index()?.tags
  }

  /** The manifest a tag or a digest names; undefined when there is none. */
  async manifest(name: string, reference: string): Promise<StoredManifest | undefined> {
    const shelf = this.medium.shelf(name)
    const index = shelf.index()
    if (index === undefined) return undefined
    const digest = isDigest(reference) ? reference : undefined
    const descriptor = digest === undefined ? index.byTag.get(reference) : index.byDigest.get(digest)
    if (descriptor) return { descriptor, raw: await this.raw(name, descriptor.digest) }
    // In a layout that others made, the manifests of an index stand in that index alone.
    const blob = digest && shelf.blob(digest)
    return blob && blob.size <= MANIFEST_LIMIT ? this.nested(name, digest) : undefined
  }

  /**
   * Keeps a manifest under its digest, and moves the tags to it.
   * Throws `MANIFEST_INVALID`, or `MANIFEST_BLOB_UNKNOWN` when something of it is not here.
   */
  async putManifest(
    name: string,
    raw: Uint8Array,
    mediaType: string,
    { tags = [], algorithm }: { tags?: readonly string[]; algorithm?: Algorithm } = {},
  ): Promise<{ digest: Digest; subject?: Digest }> {
    const summary = summarize(raw, mediaType)
    const descriptor = { mediaType, digest: digestOf(raw, algorithm), size: raw.length }
    this.mustHaveParts(name, summary)
    // Looked at again: what was here a moment ago may have been deleted while we waited for our turn.
    await this.keepManifest(name, descriptor, raw, tags, () => this.mustHaveParts(name, summary))
    return { digest: descriptor.digest, subject: summary.subject }
  }

  protected async keepManifest(
    name: string,
    descriptor: Descriptor,
    raw: Uint8Array,
    tags: readonly string[],
    check = () => {},
  ): Promise<void> {
    const shelf = this.medium.shelf(name)
    await shelf.locked(async () => {
      check()
      await shelf.put(descriptor.digest, raw)
      await shelf.writeIndex(withTags(shelf.index()?.index ?? { schemaVersion: 2, manifests: [] }, descriptor, tags))
    })
  }

  /** Takes a tag away, or a manifest with all its tags. False when it was not there. */
  async deleteManifest(name: string, reference: string): Promise<boolean> {
    const shelf = this.medium.shelf(name)
    if (shelf.index() === undefined) return false
    return shelf.locked(async () => {
      const view = shelf.index()
      if (isDigest(reference)) {
        if (!view?.byDigest.has(reference)) return false
        await shelf.writeIndex(withoutManifest(view.index, reference))
        shelf.remove(reference)
      } else {
        if (!view?.byTag.has(reference)) return false
        await shelf.writeIndex(withoutTag(view.index, reference))
      }
      return true
    })
  }

  /** Descriptors of everything that has `subject` as its subject. */
  async referrers(name: string, subject: Digest): Promise<Descriptor[]> {
    const index = this.medium.shelf(name).index()
    const found: Descriptor[] = []
    for (const { mediaType, digest, size } of index?.byDigest.values() ?? []) {
      const it = await this.summary(name, digest, mediaType)
      if (it.subject !== subject) continue
      const { artifactType, annotations } = it
      found.push({
        mediaType,
        digest,
        size,
        ...(artifactType && { artifactType }),
        ...(annotations && { annotations }),
      })
    }
    return found
  }

  async blob(name: string, digest: Digest): Promise<StoredBlob | undefined> {
    return this.medium.shelf(name).blob(digest)
  }

  /** Says that somebody means to refer to a blob. */
  touch(name: string, digest: Digest): void {
    this.medium.shelf(name).touch(digest)
  }

  /** False when it was not there. Throws `DENIED` for a manifest: that is deleted as one. */
  async deleteBlob(name: string, digest: Digest): Promise<boolean> {
    const shelf = this.medium.shelf(name)
    if (shelf.index()?.byDigest.has(digest))
      throw new RegistryError('DENIED', `${shortDigest(digest)}: a manifest, which is deleted under /manifests/`, {
        got: digest,
      })
    return shelf.remove(digest)
  }

  /** Gives a repository a blob that another one has, without a byte moving. False when nobody has it. */
  async mount(name: string, digest: Digest, from: string | undefined): Promise<boolean> {
    const blob = from === undefined ? this.medium.shared(digest) : this.medium.shelf(from).blob(digest)
    if (blob === undefined) return false
    const shelf = this.medium.shelf(name)
    try {
      await shelf.link(digest, blob)
    } catch (error) {
      // Deleted just now.
      if (isSystemError(error, 'ENOENT')) return false
      throw error
    }
    shelf.touch(digest)
    return true
  }

  async beginUpload(name: string, algorithm?: Algorithm, onWritten?: (size: number) => void): Promise<Upload> {
    await this.forgetUploads(Date.now() - UPLOAD_LIFE)
    const upload = new Upload(name, await this.medium.newUpload(), { algorithm, limit: this.blobLimit, onWritten })
    this.uploads.set(upload.id, upload)
    return upload
  }

  /** Throws `BLOB_UPLOAD_UNKNOWN`, also for an upload to another repository. */
  upload(name: string, id: string): Upload {
    const upload = this.uploads.get(id)
    if (upload?.name === name) return upload
    throw new RegistryError('BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry', { got: id })
  }

  async finishUpload(upload: Upload, digest: Digest): Promise<void> {
    this.uploads.delete(upload.id)
    await upload.finish(digest, this.medium.shelf(upload.name))
  }

  async cancelUpload(upload: Upload): Promise<void> {
    this.uploads.delete(upload.id)
    await upload.cancel()
  }

  /** Gives up uploads that nobody has touched since. */
  async forgetUploads(before: number): Promise<void> {
    for (const upload of this.uploads.values()) if (upload.used < before) await this.cancelUpload(upload)
  }

  close(): Promise<void> {
    return this.medium.close()
  }

  /** What a manifest of a repository says. */
  async summary(name: string, digest: Digest, mediaType: string): Promise<ManifestSummary> {
    const raw = await this.raw(name, digest)
    const kept = this.manifests.get(digest)
    const summary = kept?.summary ?? summarize(raw, mediaType)
    if (kept) kept.summary = summary
    return summary
  }

  private mustHaveParts(name: string, { parts }: ManifestSummary): void {
    const shelf = this.medium.shelf(name)
    const missing = parts.find(({ digest }) => shelf.blob(digest) === undefined)
    if (missing)
      throw new RegistryError('MANIFEST_BLOB_UNKNOWN', `the manifest refers to ${missing.digest}, which is not here`, {
        got: missing.digest,
      })
  }

  private async nested(name: string, digest: Digest): Promise<StoredManifest | undefined> {
    try {
      const raw = await this.raw(name, digest)
      const mediaType = detectMediaType(raw)
      summarize(raw, mediaType)
      return { raw, descriptor: { mediaType, digest, size: raw.length } }
    } catch {
      // A blob, and no manifest.
      return undefined
    }
  }

  /** The bytes of a manifest, which are what the digest says. */
  private async raw(name: string, digest: Digest): Promise<Uint8Array> {
    const kept = this.manifests.get(digest)
    if (kept) return kept.raw
    const key = `${name}@${digest}`
    const reading = this.reading.get(key) ?? this.read(name, digest).finally(() => this.reading.delete(key))
    this.reading.set(key, reading)
    return reading
  }

  private async read(name: string, digest: Digest): Promise<Uint8Array> {
    const blob = await this.blob(name, digest)
    if (blob === undefined)
      throw new OciError('LAYOUT_INVALID', `${name}: index.json names ${shortDigest(digest)}, which is not there`)
    const raw = await collect(blob.bytes({ start: 0, end: blob.size }), MANIFEST_LIMIT)
    if (digestOf(raw, algorithmOf(digest)) !== digest)
      throw new OciError('LAYOUT_INVALID', `${name}: ${shortDigest(digest)} is not what its name says`)
    this.keep(digest, raw)
    return raw
  }

  private keep(digest: Digest, raw: Uint8Array): void {
    if (this.cached + raw.length > CACHE_LIMIT) {
      this.manifests.clear()
      this.cached = 0
    }
    this.manifests.set(digest, { raw })
    this.cached += raw.length
  }
}
