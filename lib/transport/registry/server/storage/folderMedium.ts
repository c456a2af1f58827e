import { lstatSync, unlinkSync } from 'node:fs'
import { copyFile, link, open, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isSystemError } from '../../../../errors.ts'
import { algorithmOf, type Digest, hexOf } from '../../../../spec/digest.ts'
import { makeFolder, type Staging, stagingIn } from '../../../staging.ts'
import { Turns } from '../turns.ts'
import { FolderShelf, fileBlob, ignoreMissing } from './folderShelf.ts'
import type { Medium, StoredBlob, UploadFile } from './medium.ts'
import type { RepositoryIndex } from './repositoryIndex.ts'
import { nameOf, pathOf } from './repositoryPath.ts'
import { uploadFile } from './uploadFile.ts'

/**
 * A registry's folder: every repository is a plain OCI layout that any tool can read, and all of them share their blobs.
 * ```
 * blobs/sha256/44136fa3…                             each blob once …
 * zengxu/oci-demo-app/oci-layout, index.json
 * zengxu/oci-demo-app/blobs/sha256/44136fa3…         … and a hard link to it in each repository that has it
 * .ocilab.…/                                         what is not finished
 * ```
 */
export class FolderMedium implements Medium {
  readonly turns = new Turns()
  /** Indexes as they were read, with what tells that they are still so. */
  readonly indexes = new Map<string, { signature: string; view: RepositoryIndex }>()
  readonly staging: Staging
  private readonly root: string

  constructor(root: string) {
    this.root = root
    this.staging = stagingIn(root)
  }

  names(): Promise<string[]> {
    return this.foldersWith('index.json')
  }

  async places(): Promise<string[]> {
    return [...new Set([...(await this.foldersWith('blobs')), ...(await this.names())])]
  }

  /** The repositories in whose folder there is such an entry. */
  private async foldersWith(entry: string): Promise<string[]> {
    const found: string[] = []
    const walk = async (folder: string): Promise<void> => {
      const inside = await readdir(join(this.root, folder), { withFileTypes: true })
      if (folder !== '' && inside.some(({ name }) => name === entry)) found.push(nameOf(folder))
      // A folder of blobs is no repository, and neither is what is not finished.
      for (const { name } of inside.filter(it => it.isDirectory()))
        if (name !== 'blobs' && !name.startsWith('.')) await walk(join(folder, name)).catch(ignoreMissing)
    }
    await walk('').catch(ignoreMissing)
    return found.sort()
  }

  shelf(name: string): FolderShelf {
    return new FolderShelf(this, name, join(this.root, pathOf(name)))
  }

  async newUpload(): Promise<UploadFile> {
    return uploadFile(await this.staging.file())
  }

  shared(digest: Digest): StoredBlob | undefined {
    return fileBlob(this.sharedPath(digest))
  }

  /** Gives a finished file its place among the shared blobs and in a repository: of two equal ones, the first stays. */
  async publish(digest: Digest, file: string, path: string): Promise<void> {
    const shared = this.sharedPath(digest)
    await this.place(file, shared)
    try {
      await this.place(shared, path)
    } catch (error) {
      // Swept away just now, as nobody's: then this one is the repository's own.
      if (!isSystemError(error, 'ENOENT')) throw error
      await this.place(file, path)
    }
  }

  /** One more name for a file; a copy where the file system will not give it one. Nothing, where something is there. */
  async place(from: string, to: string): Promise<void> {
    await makeFolder(dirname(to))
    try {
      await link(from, to)
    } catch (error) {
      if (isSystemError(error, 'EEXIST')) return
      if (!isSystemError(error) || !NO_LINK.has(error.code!)) throw error
      await this.copy(from, to)
    }
  }

  private async copy(from: string, to: string): Promise<void> {
    const beside = await this.staging.file()
    try {
      await copyFile(from, beside)
      const file = await open(beside, 'r')
      await file.sync().finally(() => file.close())
      await rename(beside, to)
    } finally {
      await rm(beside, { force: true })
    }
  }

  /** A blob that has no other name than the shared one belongs to nobody. */
  async sweep(): Promise<number> {
    let freed = 0
    for (const algorithm of ['sha256', 'sha512']) {
      const folder = join(this.root, 'blobs', algorithm)
      for (const name of (await readdir(folder).catch(ignoreMissing)) ?? []) {
        // Looked at and removed in one go. A repository that takes it all the same has a name of its own for it.
        const found = lstatSync(join(folder, name), { throwIfNoEntry: false })
        if (!found?.isFile() || found.nlink > 1) continue
        unlinkSync(join(folder, name))
        freed += found.size
      }
    }
    return freed
  }

  close(): Promise<void> {
    return this.staging.close()
  }

  private sharedPath(digest: Digest): string {
    return join(this.root, 'blobs', algorithmOf(digest), hexOf(digest))
  }
}

// As many names as a file may have; another file system; one that knows no such names.
const NO_LINK = new Set(['EMLINK', 'EXDEV', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])
