import { RegistryError } from '../../../../errors.ts'
import type { Descriptor } from '../../../../spec/descriptor.ts'
import type { Digest } from '../../../../spec/digest.ts'
import { parseIndex, parseManifest } from '../../../../spec/manifest.ts'
import { isIndexType, isManifestType, isNondistributable } from '../../../../spec/mediaTypes.ts'

/** What a registry has to know of a manifest: what it needs, and what it says of others. */
export interface ManifestSummary {
  /** What must be here before it is: its blobs, or the manifests of an index. */
  readonly parts: readonly Descriptor[]
  /** What it refers to. image-spec manifest.md § subject. */
  readonly subject?: Digest
  /** How it stands in a list of referrers. distribution-spec § Listing Referrers. */
  readonly artifactType?: string
  readonly annotations?: Record<string, string>
}

/** Reads a manifest or an index. Throws `MANIFEST_INVALID` (also for media types that are neither), `UNSUPPORTED`, `TOO_LARGE`. */
export function summarize(raw: Uint8Array, mediaType: string): ManifestSummary {
  if (isIndexType(mediaType)) {
    const { manifests, subject, artifactType, annotations } = parseIndex(raw, 'manifest', mediaType)
    return { parts: manifests, subject: subject?.digest, artifactType, annotations }
  }
  if (!isManifestType(mediaType))
    throw new RegistryError('MANIFEST_INVALID', `Content-Type ${JSON.stringify(mediaType)}: no manifest of any kind`, {
      want: 'a manifest, or an index',
      got: mediaType,
    })
  const { config, layers, subject, artifactType, annotations } = parseManifest(raw, 'manifest', mediaType)
  // Layers that may not be given on, or that live elsewhere, need not be here.
  const parts = [config, ...layers.filter(layer => !layer.urls?.length && !isNondistributable(layer.mediaType))]
  return { parts, subject: subject?.digest, artifactType: artifactType ?? config.mediaType, annotations }
}
