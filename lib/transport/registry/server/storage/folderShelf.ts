import { readFileSync, statSync, unlinkSync, utimesSync } from 'node:fs'
import { readdir, rm, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileBytes } from '../../../../bytes/file.ts'
import { isSystemError, OciError } from '../../../../errors.ts'
import { algorithmOf, type Digest, hexOf, isDigest } from '../../../../spec/digest.ts'
import { type Index, parseIndex, writeIndex } from '../../../../spec/manifest.ts'
import { OCI_LAYOUT } from '../../../layoutIndex.ts'
import { withLock } from '../../../lock.ts'
import { makeFolder, syncFolder } from '../../../staging.ts'
import type { FolderMedium } from './folderMedium.ts'
import type { Shelf, StoredBlob, UploadFile } from './medium.ts'
import { arranged, type RepositoryIndex } from './repositoryIndex.ts'

// As much as every reader of a layout will read: some sixteen thousand manifests.
const INDEX_LIMIT = 4 << 20
// A touch that is so young need not be made again.
const TOUCH_EVERY = 60_000
const ALGORITHMS = ['sha256', 'sha512']

/** A repository as an OCI layout. What is only looked up is looked up at once: a call to the system takes less than a way there and back. */
export class FolderShelf implements Shelf {
  private readonly medium: FolderMedium
  private readonly name: string
  private readonly folder: string

  constructor(medium: FolderMedium, name: string, folder: string) {
    this.medium = medium
    this.name = name
    this.folder = folder
  }

  /** Read again only when it has changed: others may write into the layout, too. */
  index(): RepositoryIndex | undefined {
    const path = join(this.folder, 'index.json')
    const signature = signatureOf(path)
    if (signature === undefined) {
      this.medium.indexes.delete(this.name)
      return undefined
    }
    const kept = this.medium.indexes.get(this.name)
    if (kept?.signature === signature) return kept.view
    const view = arranged(readIndex(path))
    this.medium.indexes.set(this.name, { signature, view })
    return view
  }

  async writeIndex(index: Index): Promise<void> {
    const raw = writeIndex(index)
    if (raw.length > INDEX_LIMIT)
      throw new OciError('TOO_LARGE', `${this.name}: index.json is full (want at most ${INDEX_LIMIT} bytes)`, {
        want: INDEX_LIMIT,
        got: raw.length,
      })
    const path = join(this.folder, 'index.json')
    for (const algorithm of ALGORITHMS) await syncFolder(join(this.folder, 'blobs', algorithm)).catch(ignoreMissing)
    if (fileBlob(join(this.folder, 'oci-layout')) === undefined)
      await this.medium.staging.publish(join(this.folder, 'oci-layout'), OCI_LAYOUT)
    await this.medium.staging.publish(path, raw)
    await syncFolder(this.folder)
    const signature = signatureOf(path)
    if (signature !== undefined) this.medium.indexes.set(this.name, { signature, view: arranged(index) })
  }

  locked<T>(work: () => Promise<T>): Promise<T> {
    // Within one process everybody waits in a row: the file is for others.
    return this.medium.turns.take(this.name, async () => {
      await makeFolder(this.folder)
      return withLock(join(this.folder, 'index.json.lock'), work)
    })
  }

  blob(digest: Digest): StoredBlob | undefined {
    return fileBlob(this.path(digest))
  }

  async put(digest: Digest, raw: Uint8Array): Promise<void> {
    await makeFolder(dirname(this.path(digest)))
    await this.medium.staging.publish(this.path(digest), raw)
  }

  async adopt(digest: Digest, file: UploadFile): Promise<void> {
    await this.medium.publish(digest, file.path!, this.path(digest))
    // It may have been here for long.
    this.touch(digest)
  }

  async link(digest: Digest, from: StoredBlob): Promise<void> {
    await this.medium.place(from.path!, this.path(digest))
  }

  touch(digest: Digest): void {
    const path = this.path(digest)
    const found = statSync(path, { throwIfNoEntry: false })
    const now = Date.now()
    if (!found || found.mtimeMs >= now - TOUCH_EVERY) return
    try {
      utimesSync(path, now / 1000, now / 1000)
    } catch (error) {
      // Where nothing may be written, nothing is collected either.
      if (!isSystemError(error, 'EROFS') && !isSystemError(error, 'EACCES') && !isSystemError(error, 'EPERM'))
        throw error
    }
  }

  remove(digest: Digest): boolean {
    return unlinked(this.path(digest))
  }

  async digests(): Promise<Digest[]> {
    const all: Digest[] = []
    for (const algorithm of ALGORITHMS)
      for (const hex of (await readdir(join(this.folder, 'blobs', algorithm)).catch(ignoreMissing)) ?? []) {
        const digest = `${algorithm}:${hex}`
        if (isDigest(digest)) all.push(digest)
      }
    return all
  }

  // Looked at and removed in one go: in this process nobody can touch it in between.
  removeUntouched(digest: Digest, before: number): number | undefined {
    const path = this.path(digest)
    const found = statSync(path, { throwIfNoEntry: false })
    if (!found || found.mtimeMs >= before) return undefined
    return unlinked(path) ? (found.nlink > 1 ? 0 : found.size) : undefined
  }

  async removeIfEmpty(): Promise<void> {
    if ((await this.digests()).length > 0) return
    for (const file of ['index.json', 'oci-layout']) await rm(join(this.folder, file), { force: true })
    for (const folder of ['blobs/sha256', 'blobs/sha512', 'blobs'])
      await rmdir(join(this.folder, folder)).catch(ignoreFull)
    await rm(join(this.folder, 'index.json.lock'), { force: true })
    // The parts of a name are folders, and other repositories may be inside them.
    for (let part = this.name, folder = this.folder; part !== '.'; part = dirname(part), folder = dirname(folder))
      await rmdir(folder).catch(ignoreFull)
  }

  private path(digest: Digest): string {
    return join(this.folder, 'blobs', algorithmOf(digest), hexOf(digest))
  }
}

/** A blob that is a file; undefined where there is no regular one: opening a fifo would wait for ever. */
export function fileBlob(path: string): StoredBlob | undefined {
  const found = statSync(path, { throwIfNoEntry: false })
  return found?.isFile() ? { size: found.size, path, bytes: range => fileBytes(path, range) } : undefined
}

function readIndex(path: string): Index {
  try {
    return parseIndex(readFileSync(path), path)
  } catch (error) {
    if (isSystemError(error)) throw error
    throw new OciError('LAYOUT_INVALID', `${path}: not the index of a layout`, { where: path }, { cause: error })
  }
}

function signatureOf(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false })
  return found && `${found.ino}.${found.size}.${found.mtimeMs}.${found.ctimeMs}`
}

function unlinked(path: string): boolean {
  try {
    unlinkSync(path)
    return true
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return false
    throw error
  }
}

export function ignoreMissing(error: unknown): undefined {
  if (!isSystemError(error, 'ENOENT')) throw error
}

function ignoreFull(error: unknown): void {
  if (!isSystemError(error, 'ENOTEMPTY') && !isSystemError(error, 'EEXIST') && !isSystemError(error, 'ENOENT'))
    throw error
}
