import { bytesOf, collect } from '../bytes/collect.ts'
import { verified } from '../bytes/verified.ts'
import { OciError } from '../errors.ts'
import type { Descriptor } from '../spec/descriptor.ts'
import { type Digest, digestOf } from '../spec/digest.ts'
import type { BlobStore } from './image.ts'

/** Blobs in memory: for tests, and for images that are made and soon copied elsewhere. */
export function memoryBlobs(): BlobStore {
  const blobs = new Map<Digest, Uint8Array>()
  return {
    has: async ({ digest }) => blobs.has(digest),
    get(blob) {
      const bytes = blobs.get(blob.digest)
      if (bytes === undefined)
        throw new OciError('BLOB_UNKNOWN', `${blob.digest}: not in memory`, { want: blob.digest })
      return verified(bytesOf(bytes), blob, blob.digest)
    },
    async put(bytes, expected) {
      const whole = await collect(expected ? verified(bytes, expected, expected.digest) : bytes)
      const digest = expected?.digest ?? digestOf(whole)
      blobs.set(digest, whole)
      return { digest, size: whole.length }
    },
    async delete(digest) {
      blobs.delete(digest)
    },
  }
}

/** Puts small bytes and answers their descriptor. */
export async function putBytes(blobs: BlobStore, mediaType: string, bytes: Uint8Array): Promise<Descriptor> {
  return { mediaType, ...(await blobs.put(bytesOf(bytes))) }
}
