import type { Digest } from './digest.ts'
import type { Platform } from './platform.ts'

/** What to fetch and how to know it is right: type, digest and size. image-spec descriptor.md. */
export interface Descriptor {
  mediaType: string
  digest: Digest
  /** In bytes. */
  size: number
  urls?: string[]
  annotations?: Record<string, string>
  /** The content itself, base64. */
  data?: string
  platform?: Platform
  artifactType?: string
}
