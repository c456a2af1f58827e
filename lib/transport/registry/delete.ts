import { type Options, say } from '../../events.ts'
import type { Digest } from '../../spec/digest.ts'
import { familiarReference, parseReference, withDefaultTag } from '../../spec/reference.ts'
import type { TransportOptions } from '../transport.ts'
import { clientFor } from './transport.ts'

export interface DeleteOptions extends TransportOptions, Options {
  /** Takes only the name away, and leaves the image. distribution-spec § Deleting Tags */
  tagOnly?: boolean
}

/** Deletes an image from a registry, under all its tags. ≙ `skopeo delete`. Throws `MANIFEST_UNKNOWN`, `UNSUPPORTED`. */
export async function deleteImage(name: string, options: DeleteOptions = {}): Promise<Digest | undefined> {
  const reference = withDefaultTag(parseReference(name))
  say(options, `skopeo delete docker://${familiarReference(reference)}`)
  const client = clientFor(reference, options)
  try {
    if (options.tagOnly) return void (await client.deleteManifest(reference.tag!))
    // A registry deletes by digest what it may not delete by tag.
    const digest = reference.digest ?? (await client.manifest(reference.tag!)).descriptor.digest
    await client.deleteManifest(digest)
    return digest
  } finally {
    client.close()
  }
}
