import type { Descriptor } from './descriptor.ts'

/** An image manifest, OCI (manifest.md) or Docker v2 schema 2: they differ in media types and in the order of fields. */
export interface Manifest {
  schemaVersion: 2
  /** Absent in OCI manifests written before image-spec 1.1, the article's among them. */
  mediaType?: string
  artifactType?: string
  config: Descriptor
  layers: Descriptor[]
  subject?: Descriptor
  annotations?: Record<string, string>
}

/** A list of manifests, OCI index (image-index.md) or Docker manifest list. */
export interface Index {
  schemaVersion: 2
  mediaType?: string
  artifactType?: string
  manifests: Descriptor[]
  subject?: Descriptor
  annotations?: Record<string, string>
}
