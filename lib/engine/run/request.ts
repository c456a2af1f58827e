import type { PortRequest } from './ports.ts'
import type { PodMembership } from './record.ts'
import type { VolumeRequest } from './volumes.ts'

/** What `docker run` is asked for. */
export interface RunRequest {
  /** As it is shown: the image itself is given beside. */
  readonly image: string
  /** In the place of the image's command. */
  readonly args?: readonly string[]
  /** In the place of the image's entrypoint; empty takes it away. The image's command then goes, too. */
  readonly entrypoint?: string
  readonly name?: string
  readonly hostname?: string
  readonly env?: readonly string[]
  readonly workdir?: string
  readonly user?: string
  /** `none`, `host`, `bridge`, `container:NAME`, or networks of the lab; `bridge` when there is none. */
  readonly networks?: readonly string[]
  readonly ports?: readonly PortRequest[]
  readonly publishAll?: boolean
  readonly volumes?: readonly VolumeRequest[]
  /** It is removed when it ends. */
  readonly remove?: boolean
  readonly terminal?: boolean
  /** Its stdin stays open. */
  readonly interactive?: boolean
  /** Switches on that the host hands packets on, until `ocilab reset`. */
  readonly forward?: boolean
  /** The pod it is of; without `sandbox` it is to be that itself. */
  readonly pod?: Omit<PodMembership, 'sandbox'> & { readonly sandbox?: string }
}
