import type { Digest } from './digest.ts'

/** The image configuration of image-spec config.md; Docker's adds fields, which are kept in `raw` bytes and dropped by OCI writers. */
export interface ImageConfig {
  created?: string
  author?: string
  architecture: string
  os: string
  'os.version'?: string
  'os.features'?: string[]
  variant?: string
  config?: ProcessDefaults
  rootfs: { type: 'layers'; diff_ids: Digest[] }
  history?: History[]
}

/** How a container of this image is to be run, unless told otherwise. */
export interface ProcessDefaults {
  User?: string
  ExposedPorts?: Record<string, object>
  Env?: string[]
  Entrypoint?: string[]
  Cmd?: string[]
  Volumes?: Record<string, object>
  WorkingDir?: string
  Labels?: Record<string, string>
  StopSignal?: string
  ArgsEscaped?: boolean
}

/** One line of `docker history`; empty_layer marks an instruction that made no layer. */
export interface History {
  created?: string
  created_by?: string
  author?: string
  comment?: string
  empty_layer?: boolean
}
