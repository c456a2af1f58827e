import type { Bytes } from '../../../../bytes/bytes.ts'
import type { Digest } from '../../../../spec/digest.ts'
import type { Index } from '../../../../spec/manifest.ts'
import type { ByteRange } from '../../wire/range.ts'
import type { RepositoryIndex } from './repositoryIndex.ts'

/** A blob that is kept somewhere. */
export interface StoredBlob {
  readonly size: number
  /** The file it is in, where it is in one. */
  readonly path?: string
  bytes(range?: ByteRange): Bytes
}

/** What a registry keeps its things in: a folder, or memory. Everything that both do alike is in storage.ts. */
export interface Medium {
  /** The repositories there are, in the order of their bytes. */
  names(): Promise<string[]>
  /** Those, and those that got blobs but no manifest yet. */
  places(): Promise<string[]>
  shelf(name: string): Shelf
  newUpload(): Promise<UploadFile>
  /** A blob of any repository. */
  shared(digest: Digest): StoredBlob | undefined
  /** Forgets blobs that no repository has any more, and answers how many bytes that freed. */
  sweep(): Promise<number>
  close(): Promise<void>
}

/** The place of one repository: its index, and its blobs. */
export interface Shelf {
  /** undefined for a repository nobody has pushed to. */
  index(): RepositoryIndex | undefined
  writeIndex(index: Index): Promise<void>
  /** Does `work` while nobody else, in whatever process, changes the index. */
  locked<T>(work: () => Promise<T>): Promise<T>
  blob(digest: Digest): StoredBlob | undefined
  /** Keeps a small blob, whose digest has been checked. */
  put(digest: Digest, raw: Uint8Array): Promise<void>
  /** Keeps a finished upload, whose digest has been checked; the upload's file is gone afterwards. */
  adopt(digest: Digest, file: UploadFile): Promise<void>
  /** Keeps a blob that another repository has, without a copy. */
  link(digest: Digest, from: StoredBlob): Promise<void>
  /** Says that somebody means to refer to the blob, which a collection of garbage respects. */
  touch(digest: Digest): void
  remove(digest: Digest): boolean
  digests(): Promise<Digest[]>
  /** Removes a blob nobody touched since `before` (milliseconds since 1970); answers how many bytes that freed, or undefined when it stays. */
  removeUntouched(digest: Digest, before: number): number | undefined
  /** Forgets a repository in which there is nothing. */
  removeIfEmpty(): Promise<void>
}

/** The bytes of an upload until it is finished. */
export interface UploadFile {
  readonly path?: string
  write(chunks: Uint8Array[], offset: number): Promise<void>
  /** Sees everything on disk. */
  sync(): Promise<void>
  /** Lets go of what is held open between two requests. */
  rest(): Promise<void>
  bytes(range?: ByteRange): Bytes
  discard(): Promise<void>
}
