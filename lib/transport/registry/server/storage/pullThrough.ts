import { isOciError } from '../../../../errors.ts'
import type { Descriptor } from '../../../../spec/descriptor.ts'
import { algorithmOf, type Digest, isDigest } from '../../../../spec/digest.ts'
import type { RegistryClient } from '../../client.ts'
import { Growing } from './growing.ts'
import type { Medium, StoredBlob } from './medium.ts'
import { Storage, type StoredManifest } from './storage.ts'
import type { Upload } from './upload.ts'

const CLIENTS = 100

/** What another registry has, fetched when it is asked for and kept: a mirror. ≙ `proxy: {remoteurl: …}` of CNCF distribution */
export class PullThrough extends Storage {
  private readonly clientOf: (name: string) => RegistryClient
  private readonly clients = new Map<string, RegistryClient>()
  private readonly coming = new Map<string, Promise<StoredBlob | undefined>>()
  private readonly fetches = new Set<Promise<void>>()

  constructor(medium: Medium, clientOf: (name: string) => RegistryClient, options: { blobLimit?: number } = {}) {
    super(medium, options)
    this.clientOf = clientOf
  }

  override async tags(name: string): Promise<readonly string[] | undefined> {
    return this.fresh(
      async () => (await this.client(name).tags()).sort(),
      () => super.tags(name),
    )
  }

  /** A tag may have moved, so the upstream is asked where it is; what a digest names can't change. */
  override async manifest(name: string, reference: string): Promise<StoredManifest | undefined> {
    const kept = isDigest(reference) ? await super.manifest(name, reference) : undefined
    return (
      kept ??
      this.fresh(
        () => this.fetchManifest(name, reference),
        () => super.manifest(name, reference),
      )
    )
  }

  override async blob(name: string, digest: Digest): Promise<StoredBlob | undefined> {
    const kept = await super.blob(name, digest)
    if (kept) return kept
    // However many ask for it at a time, it comes once.
    const key = `${name}@${digest}`
    const coming = this.coming.get(key) ?? this.fetchBlob(name, digest, () => this.coming.delete(key))
    this.coming.set(key, coming)
    return coming
  }

  override async close(): Promise<void> {
    for (const client of this.clients.values()) client.close()
    await Promise.all(this.fetches)
    await super.close()
  }

  private async fetchManifest(name: string, reference: string): Promise<StoredManifest | undefined> {
    const client = this.client(name)
    const digest = isDigest(reference) ? reference : await client.manifestDigest(reference)
    if (digest === undefined) return undefined
    const tags = isDigest(reference) ? [] : [reference]
    const kept = await super.manifest(name, digest)
    const found = kept ?? (await client.findManifest(digest))
    const tagged = this.medium.shelf(name).index()?.byTag.get(reference)?.digest === digest
    if (found && !(kept && (tags.length === 0 || tagged)))
      await this.keepManifest(name, found.descriptor, found.raw, tags)
    return found
  }

  /** Begins to fetch, and gives what is coming; `over` is called when it has come, or will not come. */
  private async fetchBlob(name: string, digest: Digest, over: () => void): Promise<StoredBlob | undefined> {
    try {
      const blob = await this.descriptor(name, digest)
      if (blob === undefined) return void over()
      const upload: Upload = await this.beginUpload(name, algorithmOf(digest), written => growing.grew(written))
      // From the moment it is kept, the upload's own file may go.
      const growing = new Growing(blob.size, range => (this.medium.shelf(name).blob(digest) ?? upload).bytes(range))
      const fetching = this.fetch(name, blob, upload, growing, over).finally(() => this.fetches.delete(fetching))
      this.fetches.add(fetching)
      return growing
    } catch (error) {
      over()
      throw error
    }
  }

  private async fetch(
    name: string,
    blob: Descriptor,
    upload: Upload,
    growing: Growing,
    over: () => void,
  ): Promise<void> {
    try {
      await upload.append(this.client(name).blob(blob))
      await this.finishUpload(upload, blob.digest)
      over()
      growing.finished()
    } catch (error) {
      // Whoever hears of it and asks again is not told of this one.
      over()
      growing.failed(error)
      // Who reads has heard what went wrong; nobody waits for this.
      await this.cancelUpload(upload).catch(() => undefined)
    }
  }

  /** Only a manifest says how large a blob is, and who asks for one has seen it: so have we. */
  private async descriptor(name: string, digest: Digest): Promise<Descriptor | undefined> {
    for (const manifest of this.medium.shelf(name).index()?.byDigest.values() ?? []) {
      const { parts } = await this.summary(name, manifest.digest, manifest.mediaType)
      const found = parts.find(part => part.digest === digest)
      if (found) return found
    }
    return undefined
  }

  /** What the upstream says; without an answer, what we have. What it does not let us see is not there. */
  private async fresh<T>(ask: () => Promise<T | undefined>, otherwise: () => Promise<T | undefined>) {
    try {
      return await ask()
    } catch (error) {
      if (isOciError(error, 'UNAUTHORIZED') || isOciError(error, 'DENIED') || isOciError(error, 'NAME_UNKNOWN'))
        return undefined
      const kept = await otherwise()
      if (kept === undefined) throw error
      return kept
    }
  }

  private client(name: string): RegistryClient {
    const found = this.clients.get(name) ?? this.clientOf(name)
    // The one that was not used for longest goes first.
    this.clients.delete(name)
    this.clients.set(name, found)
    const [oldest] = this.clients
    if (oldest && this.clients.size > CLIENTS) {
      oldest[1].close()
      this.clients.delete(oldest[0])
    }
    return found
  }
}
