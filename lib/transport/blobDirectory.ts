import { readFileSync, statSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Bytes } from '../bytes/bytes.ts'
import { bytesOf } from '../bytes/collect.ts'
import { fileBytes } from '../bytes/file.ts'
import { verified, verifierBeside } from '../bytes/verified.ts'
import { isSystemError, OciError } from '../errors.ts'
import type { BlobStore, ReadHow } from '../image/image.ts'
import type { Descriptor } from '../spec/descriptor.ts'
import { algorithmOf, type Digest, hexOf, shortDigest } from '../spec/digest.ts'
import { makeFolder, type Staging, stagingIn, writeSynced } from './staging.ts'

// Manifests and configs are read in one go: a promise for each system call takes ten times as long.
const SMALL = 64 << 10

/** The blobs of an OCI layout. image-layout.md § Blobs. */
export interface BlobDirectory extends BlobStore {
  readonly staging: Staging
  path(digest: Digest): string
  /** Removes what was not finished. */
  close(): Promise<void>
}

/** Opens `LAYOUT/blobs`. A blob is written beside, verified, synced, renamed: it is there whole, or not at all. */
export function blobDirectory(layout: string): BlobDirectory {
  const staging = stagingIn(layout)
  // LAYOUT/blobs/sha256/44136fa3…
  const path = (digest: Digest) => join(layout, 'blobs', algorithmOf(digest), hexOf(digest))
  return {
    staging,
    path,
    async has({ digest, size }) {
      return fileSize(path(digest)) === size
    },
    get: (blob, how) => readBlob(path(blob.digest), blob, layout, how),
    async put(bytes, expected) {
      const check = verifierBeside(expected ?? {}, expected ? blobName(expected, layout) : layout)
      const beside = await staging.file()
      try {
        await writeSynced(beside, bytes, check.update)
        const put = check.end()
        await moveTo(path(put.digest), beside)
        return put
      } finally {
        await rm(beside, { force: true })
      }
    },
    async delete(digest) {
      await rm(path(digest), { force: true })
    },
    close: () => staging.close(),
  }
}

/** The bytes of a blob that is a file, verified, unless they are only lent. Throws `BLOB_UNKNOWN` where there is no file. */
export async function* readBlob(path: string, blob: Descriptor, where: string, { lent = false }: ReadHow = {}): Bytes {
  // Looked at before it is opened: opening a fifo would wait for ever.
  const size = fileSize(path)
  if (size === undefined)
    throw new OciError('BLOB_UNKNOWN', `${blobName(blob, where)}: not there`, { want: blob.digest, where })
  if (lent) yield* fileBytes(path, { lent })
  else yield* verified(size <= SMALL ? bytesOf(readFileSync(path)) : fileBytes(path), blob, blobName(blob, where))
}

/** The size of a regular file; undefined for anything else. */
export function fileSize(path: string): number | undefined {
  try {
    const found = statSync(path, { throwIfNoEntry: false })
    return found?.isFile() ? found.size : undefined
  } catch (error) {
    if (isSystemError(error, 'ELOOP')) return undefined
    throw error
  }
}

function blobName({ digest }: Pick<Descriptor, 'digest'>, where: string): string {
  return `${where}: blob ${shortDigest(digest)}`
}

async function moveTo(path: string, beside: string): Promise<void> {
  await makeFolder(dirname(path))
  try {
    await rename(beside, path)
  } catch (error) {
    // A copy that failed beside us has just removed the folder, because it was empty.
    if (!isSystemError(error, 'ENOENT')) throw error
    await makeFolder(dirname(path))
    await rename(beside, path)
  }
}
