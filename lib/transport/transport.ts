import type { Bytes } from '../bytes/bytes.ts'
import type { Options } from '../events.ts'
import type { BlobSource, Image } from '../image/image.ts'
import type { Descriptor } from '../spec/descriptor.ts'
import type { Digest } from '../spec/digest.ts'
import type { Platform } from '../spec/platform.ts'
import type { Profile } from '../spec/profile.ts'
import type { Credentials } from './registry/auth/credentials.ts'
import type { HttpOptions } from './registry/http/client.ts'

/** A place an image can be read from or written to: `docker://…`, `oci:…` and their siblings (containers-transports(5)). */
export interface Transport {
  /** The full name; parsing it again gives an equal transport. */
  readonly name: string
  /** The repository it is in, where it is in one: blobs are shared between those of one registry. */
  readonly repository?: { readonly domain: string; readonly path: string }
  source(options?: TransportOptions): Promise<ImageSource>
  sink(options?: TransportOptions): Promise<ImageSink>
}

export interface TransportOptions extends Options, Pick<HttpOptions, 'wire' | 'idle' | 'certificateFolder'> {
  /** Which image of an index to take; the machine's own by default. */
  platform?: Platform
  /** How to speak to a registry; see registry/. */
  credentials?: Credentials
  /** Places to try before the registry itself: `HOST[:PORT][/PREFIX]`. Those of registries.conf by default. */
  mirrors?: readonly string[]
  /** Sends layers in pieces of so many bytes. */
  chunkSize?: number
  /** The repository, on the same registry, that has the blobs already. */
  mountFrom?: string
  /** Plain HTTP, and certificates nobody vouches for, are accepted. ≙ `--tls-verify=false` */
  insecure?: boolean
  /** Whose bytes to write, where the real tools changed theirs since the article; `current` by default. */
  profile?: Profile
}

export interface ImageSource {
  resolve(): Promise<Image>
  /** What is there, whole: an index with all its images, say. Absent where there is never more than one image. */
  open?(): Promise<Content>
  /** Lets go of files, sockets and temporary folders. */
  close(): Promise<void>
}

/** A manifest or an index, with everything it names. */
export interface Content {
  readonly descriptor: Descriptor
  readonly blobs: BlobSource
}

export interface ImageSink {
  /** Manifest media types this place can hold, preferred first. */
  readonly manifestTypes: readonly string[]
  /** What this place wants of layers: tars as they are, compressed, or just as they come. */
  readonly layers: 'compress' | 'decompress' | 'preserve'
  /** True for a place that takes lent bytes: it is done with each chunk before the next but one, and verifies for itself. */
  readonly takesLent?: boolean
  /** True when the blob is there already, so that its bytes need not move. */
  has(blob: Descriptor): Promise<boolean>
  /**
   * Stores a config or a layer; `blob` is what the source says of it (`digest` and `size` are absent for what is
   * compressed on the fly). `again` gives the same bytes from their beginning, to whoever lost some on the way.
   */
  putBlob(blob: PutBlob, bytes: Bytes, again: () => Bytes): Promise<{ digest: Digest; size: number }>
  /** Stores one manifest of an index that is to follow, without a name. Absent where there is only one image. */
  putManifest?(manifest: { mediaType: string; raw: Uint8Array }): Promise<Descriptor>
  /** Makes the image visible, last of all. */
  commit(manifest: { mediaType: string; raw: Uint8Array }): Promise<Descriptor>
  /** Lets go of everything; what was not committed is removed. */
  close(): Promise<void>
}

export type PutBlob = { kind: 'layer' | 'config'; mediaType: string; digest?: Digest; size?: number; diffId?: Digest }
