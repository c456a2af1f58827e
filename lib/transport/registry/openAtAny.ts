import type { Bytes } from '../../bytes/bytes.ts'
import { bytesOf } from '../../bytes/collect.ts'
import { isOciError } from '../../errors.ts'
import type { BlobSource } from '../../image/image.ts'
import type { Descriptor } from '../../spec/descriptor.ts'
import { isIndexType, isManifestType } from '../../spec/mediaTypes.ts'
import type { Reference } from '../../spec/reference.ts'
import type { Content } from '../transport.ts'
import type { RegistryClient } from './client.ts'
import type { Place } from './mirrors.ts'

/** What a reference names, from the first of some places that has it: mirrors, and last the registry itself. */
export async function openAtAny(
  places: readonly Place[],
  reference: Reference,
  connect: (place: Place) => RegistryClient,
): Promise<Content> {
  for (const [index, place] of places.entries()) {
    const client = connect(place)
    try {
      const { raw, descriptor } = await client.manifest(reference.digest ?? reference.tag!)
      const later = places.slice(index + 1)
      return { descriptor, blobs: blobsOf(client, raw, descriptor, later, connect) }
    } catch (error) {
      // A mirror that fails, however it does, is as good as none. What the registry itself says is the answer.
      if (index === places.length - 1 || !isOciError(error)) throw error
    }
  }
  throw new RangeError('no places')
}

/** Blobs and manifests of a repository; the first manifest is here already. What a mirror lacks, the next place may have. */
function blobsOf(
  client: RegistryClient,
  raw: Uint8Array,
  first: Descriptor,
  later: readonly Place[],
  connect: (place: Place) => RegistryClient,
): BlobSource {
  const others = later.map(place => {
    let made: RegistryClient | undefined
    return () => {
      made ??= connect(place)
      return made
    }
  })
  const all = [() => client, ...others]
  return {
    has: blob => client.hasBlob(blob.digest),
    get(blob, how) {
      if (blob.digest === first.digest) return bytesOf(raw)
      const isManifest = isManifestType(blob.mediaType) || isIndexType(blob.mediaType)
      return fromAny(all, it => (isManifest ? manifestBytes(it, blob) : it.blob(blob, how)))
    },
  }
}

/** From the first place that has begun to give bytes there is no turning to another. */
async function* fromAny(clients: readonly (() => RegistryClient)[], read: (client: RegistryClient) => Bytes): Bytes {
  for (const [index, client] of clients.entries()) {
    let begun = false
    try {
      for await (const chunk of read(client())) {
        begun = true
        yield chunk
      }
      return
    } catch (error) {
      if (begun || index === clients.length - 1 || !isOciError(error)) throw error
    }
  }
}

async function* manifestBytes(client: RegistryClient, { digest }: Descriptor): Bytes {
  yield (await client.manifest(digest)).raw
}
