import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Bytes } from '../../../bytes/bytes.ts'
import { bytesOf } from '../../../bytes/collect.ts'
import { fileBytes, writeFileAtomically } from '../../../bytes/file.ts'
import { isSystemError, RegistryError } from '../../../errors.ts'
import { type Digest, hexOf } from '../../../spec/digest.ts'
import { type BlobDirectory, blobDirectory, fileSize } from '../../blobDirectory.ts'

/**
 * A registry's folder: blobs shared by all repositories, and for each repository what it calls by which name.
 * ```
 * blobs/sha256/44136fa3…
 * repositories/zengxu/oci-demo-app/_tags/v0            → {"digest": …, "mediaType": …}
 * repositories/zengxu/oci-demo-app/_manifests/44136fa3…
 * uploads/2f0c…                                        an upload that is not finished
 * ```
 */
export class Storage {
  readonly blobs: BlobDirectory
  private readonly root: string

  constructor(root: string) {
    this.root = root
    this.blobs = blobDirectory(root)
  }

  async begin(): Promise<string> {
    const id = randomUUID()
    await mkdir(join(this.root, 'uploads'), { recursive: true })
    await writeFileAtomically(this.upload(id), '')
    return id
  }

  /** How much of an upload is here. Throws `BLOB_UPLOAD_UNKNOWN`. */
  async uploaded(id: string): Promise<number> {
    const size = /^[0-9a-f-]{36}$/.test(id) ? await fileSize(this.upload(id)) : undefined
    if (size !== undefined) return size
    throw new RegistryError('BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry', { got: id })
  }

  async append(id: string, bytes: Bytes): Promise<number> {
    await this.uploaded(id)
    await pipeline(bytes, createWriteStream(this.upload(id), { flags: 'a' }))
    return this.uploaded(id)
  }

  async cancel(id: string): Promise<void> {
    await this.uploaded(id)
    await rm(this.upload(id), { force: true })
  }

  /** Makes a blob of an upload, if its bytes are what the digest says. Throws `DIGEST_INVALID`. */
  async finish(id: string, digest: Digest): Promise<void> {
    const size = await this.uploaded(id)
    try {
      await this.blobs.put(fileBytes(this.upload(id)), { digest, size })
    } finally {
      await rm(this.upload(id), { force: true })
    }
  }

  async blobSize(digest: Digest): Promise<number | undefined> {
    return fileSize(this.blobs.path(digest))
  }

  async putManifest(
    name: string,
    tag: string | undefined,
    digest: Digest,
    mediaType: string,
    raw: Uint8Array,
  ): Promise<void> {
    await this.blobs.put(bytesOf(raw), { digest, size: raw.length })
    const entry = JSON.stringify({ digest, mediaType })
    await this.write(this.manifestEntry(name, digest), entry)
    if (tag !== undefined) await this.write(this.tagEntry(name, tag), entry)
  }

  /** The manifest a tag or digest names in a repository; undefined when there is none. */
  async findManifest(
    name: string,
    reference: string | Digest,
    isDigest: boolean,
  ): Promise<{ digest: Digest; mediaType: string } | undefined> {
    const path = isDigest ? this.manifestEntry(name, reference as Digest) : this.tagEntry(name, reference)
    try {
      return JSON.parse(await readFile(path, 'utf8'))
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return undefined
      throw error
    }
  }

  /** Takes a tag away, or a manifest with all its tags. False when it was not there. */
  async deleteManifest(name: string, reference: string, isDigest: boolean): Promise<boolean> {
    if ((await this.findManifest(name, reference, isDigest)) === undefined) return false
    if (!isDigest) await rm(this.tagEntry(name, reference))
    else {
      for (const tag of (await this.tags(name)) ?? []) {
        const found = await this.findManifest(name, tag, false)
        if (found?.digest === reference) await rm(this.tagEntry(name, tag))
      }
      await rm(this.manifestEntry(name, reference as Digest))
    }
    return true
  }

  /** In the order of their bytes; undefined for a repository nobody has pushed to. */
  async tags(name: string): Promise<string[] | undefined> {
    const folder = join(this.root, 'repositories', name)
    try {
      await stat(join(folder, '_manifests'))
      return (await readdir(join(folder, '_tags'))).filter(tag => !tag.endsWith('.tmp')).sort()
    } catch (error) {
      if (!isSystemError(error, 'ENOENT')) throw error
      return (await exists(join(folder, '_manifests'))) ? [] : undefined
    }
  }

  private upload(id: string): string {
    return join(this.root, 'uploads', id)
  }

  private tagEntry(name: string, tag: string): string {
    return join(this.root, 'repositories', name, '_tags', tag)
  }

  private manifestEntry(name: string, digest: Digest): string {
    return join(this.root, 'repositories', name, '_manifests', hexOf(digest))
  }

  private async write(path: string, text: string): Promise<void> {
    await mkdir(dirname(path), { recursive: true })
    await writeFileAtomically(path, text)
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
