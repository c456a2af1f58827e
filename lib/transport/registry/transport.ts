import { bytesOf } from '../../bytes/collect.ts'
import type { BlobSource } from '../../image/image.ts'
import { openImage } from '../../image/open.ts'
import type { Descriptor } from '../../spec/descriptor.ts'
import { DOCKER_MANIFEST, isIndexType, isManifestType, OCI_MANIFEST } from '../../spec/mediaTypes.ts'
import { familiarReference, parseReference, type Reference, withDefaultTag } from '../../spec/reference.ts'
import type { ImageSink, ImageSource, Transport, TransportOptions } from '../transport.ts'
import { RegistryClient } from './client.ts'
import { findCredentials } from './credentials.ts'

/** A registry: `docker://zengxu/oci-demo-app:v0`. */
export function registryTransport(rest: string): Transport {
  const reference = withDefaultTag(parseReference(rest))
  const name = `docker://${familiarReference(reference)}`
  return {
    name,
    source: async options => sourceOf(reference, clientFor(reference, options), options),
    sink: async options => sinkOf(reference, clientFor(reference, options)),
  }
}

/** A client for the repository of a reference, with the credentials given or found. */
export function clientFor({ domain, path }: Reference, options: TransportOptions = {}): RegistryClient {
  const credentials = options.credentials ?? findCredentials(domain)
  return new RegistryClient(domain, path, { ...options, credentials })
}

function sourceOf(reference: Reference, client: RegistryClient, options: TransportOptions = {}): ImageSource {
  return {
    async resolve() {
      const { raw, descriptor } = await client.manifest(reference.digest ?? reference.tag!)
      return openImage(blobsOf(client, raw, descriptor), descriptor, { platform: options.platform })
    },
    close: () => client.close(),
  }
}

/** Blobs and manifests of a repository; the first manifest is here already. */
function blobsOf(client: RegistryClient, raw: Uint8Array, first: Descriptor): BlobSource {
  return {
    has: blob => client.hasBlob(blob.digest),
    get(blob) {
      if (blob.digest === first.digest) return bytesOf(raw)
      return isManifestType(blob.mediaType) || isIndexType(blob.mediaType)
        ? manifestBytes(client, blob)
        : client.blob(blob)
    },
  }
}

async function* manifestBytes(client: RegistryClient, { digest }: Descriptor) {
  yield (await client.manifest(digest)).raw
}

function sinkOf(reference: Reference, client: RegistryClient): ImageSink {
  return {
    manifestTypes: [OCI_MANIFEST, DOCKER_MANIFEST],
    layers: 'compress',
    has: blob => client.hasBlob(blob.digest),
    putBlob: (blob, bytes) => client.pushBlob(bytes, blob),
    async commit({ mediaType, raw }) {
      return client.pushManifest(reference.tag ?? reference.digest!, mediaType, raw)
    },
    close: () => client.close(),
  }
}
