import { openImage } from '../../image/open.ts'
import { digestOf } from '../../spec/digest.ts'
import { DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST } from '../../spec/mediaTypes.ts'
import { familiarReference, parseReference, type Reference, withDefaultTag } from '../../spec/reference.ts'
import type { Content, ImageSink, ImageSource, Transport, TransportOptions } from '../transport.ts'
import { findCredentials } from './auth/credentials.ts'
import { RegistryClient } from './client.ts'
import { type Place, placesOf } from './mirrors.ts'
import { openAtAny } from './openAtAny.ts'

/** A registry: `docker://zengxu/oci-demo-app:v0`. */
export function registryTransport(rest: string): Transport {
  const reference = withDefaultTag(parseReference(rest))
  const name = `docker://${familiarReference(reference)}`
  return {
    name,
    repository: { domain: reference.domain, path: reference.path },
    source: async options => sourceOf(reference, options),
    sink: async options => sinkOf(reference, options),
  }
}

/** A client for the repository of a reference, with the credentials given or found. */
export function clientFor({ domain, path }: Pick<Reference, 'domain' | 'path'>, options: TransportOptions = {}) {
  const credentials = options.credentials ?? findCredentials(domain, path)
  return new RegistryClient(domain, path, { ...options, credentials })
}

function sourceOf(reference: Reference, options: TransportOptions = {}): ImageSource {
  const clients: RegistryClient[] = []
  const connect = ({ domain, path, insecure, isMirror }: Place) => {
    // Credentials given by hand are for the registry that was named, not for whoever mirrors it.
    const own = isMirror ? { ...options, credentials: undefined } : options
    const client = clientFor({ domain, path }, { ...own, insecure: insecure || options.insecure })
    clients.push(client)
    return client
  }
  const open = async (): Promise<Content> => openAtAny(await placesOf(reference, options.mirrors), reference, connect)
  return {
    open,
    async resolve() {
      const { descriptor, blobs } = await open()
      return openImage(blobs, descriptor, { platform: options.platform })
    },
    async close() {
      for (const client of clients) client.close()
    },
  }
}

function sinkOf(reference: Reference, options: TransportOptions = {}): ImageSink {
  const client = clientFor(reference, options)
  const { mountFrom, chunkSize } = options
  return {
    manifestTypes: [OCI_MANIFEST, DOCKER_MANIFEST, OCI_INDEX, DOCKER_LIST],
    layers: 'compress',
    takesLent: true,
    async has({ digest }) {
      if (await client.hasBlob(digest)) return true
      return mountFrom !== undefined && (await client.mountBlob(digest, mountFrom))
    },
    putBlob: (blob, bytes, again) => client.pushBlob(bytes, blob, { again, chunkSize }),
    putManifest: ({ mediaType, raw }) => client.pushManifest(digestOf(raw), mediaType, raw),
    commit: ({ mediaType, raw }) => client.pushManifest(reference.tag ?? reference.digest!, mediaType, raw),
    close: async () => client.close(),
  }
}
