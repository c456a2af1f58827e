import type { Bytes } from '../bytes/bytes.ts'
import type { Descriptor } from '../spec/descriptor.ts'
import type { Digest } from '../spec/digest.ts'
import type { ImageConfig } from '../spec/imageConfig.ts'
import type { Manifest } from '../spec/manifest.ts'

/** A layer and its two names: the digest of the compressed bytes, and the diffId of the tar inside. */
export interface Layer {
  readonly descriptor: Descriptor
  readonly diffId: Digest
  /** The blob as it is stored, verified against `descriptor`. */
  compressed(how?: ReadHow): Bytes
  /** The tar inside, verified against `diffId`, also when it is lent. */
  uncompressed(how?: ReadHow): Bytes
}

/** An image = a manifest + a config + layers, as the article puts it. Resolved once, immutable. */
export interface Image {
  readonly descriptor: Descriptor
  readonly manifest: Manifest
  readonly config: ImageConfig
  readonly layers: readonly Layer[]
  /** The bytes as they were read: digests are over bytes, so they are never written again from the parsed form. */
  raw(part: 'manifest' | 'config'): Uint8Array
}

/** How a blob is read. */
export interface ReadHow {
  /**
   * For who writes the bytes to a file and verifies them there: nobody has done it before, and each chunk is good only
   * until the next but one is asked for, because its memory is used again.
   */
  lent?: boolean
}

/** Somewhere that blobs can be read from. */
export interface BlobSource {
  has(blob: Descriptor): Promise<boolean>
  /** The blob's bytes; throws `DIGEST_INVALID` or `SIZE_INVALID` at the end when they are not what was promised. */
  get(blob: Descriptor, how?: ReadHow): Bytes
}

/** Somewhere that blobs can be kept. */
export interface BlobStore extends BlobSource {
  /** Stores the bytes under their digest. Idempotent; checks `expected` before anything is visible under the final name. */
  put(bytes: Bytes, expected?: Pick<Descriptor, 'digest' | 'size'>): Promise<Pick<Descriptor, 'digest' | 'size'>>
  delete(digest: Digest): Promise<void>
}
