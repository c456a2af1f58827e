import type { NetworkNames } from '../../network/names.ts'
import type { PublishedPort } from '../../network/nat.ts'
import type { PortRequest } from './ports.ts'

/** All that is known of a container between one command and the next: CONTAINER/container.json. */
export interface ContainerRecord {
  /** 64 hexadecimal digits; the first twelve are shown. */
  readonly id: string
  readonly name: string
  readonly lab: string
  /** As it was written. */
  readonly image: string
  readonly digest: string
  /** RFC 3339. */
  readonly created: string
  readonly args: readonly string[]
  readonly hostname: string
  /** `none`, `host`, `container:ID`, or one network or several. */
  readonly networks: readonly string[]
  readonly ports: readonly PortRequest[]
  readonly remove: boolean
  readonly terminal: boolean
  readonly interactive: boolean
  readonly stopSignal: string
  /** Switches on what its networks need of the host. */
  readonly forward: boolean
  /** The pod it is of. */
  readonly pod?: PodMembership
  state: RecordedState
  /** The end of what it said is not in its log: there was no room. */
  logGap?: boolean
  /** While it runs. */
  wiring?: Wiring
}

/** Namespaces that the containers of a pod can have in common; the network's, unless told otherwise, with `ipc` and `uts`. */
export const POD_NAMESPACES = ['ipc', 'net', 'pid', 'uts'] as const
export type PodNamespace = (typeof POD_NAMESPACES)[number]

/** What a container knows of its pod; all containers of a pod know the same. */
export interface PodMembership {
  readonly id: string
  readonly name: string
  /** The container whose namespaces the others join: it only waits. */
  readonly sandbox: string
  readonly share: readonly PodNamespace[]
}

/** What was last written of how it is; {@link statusOf} asks the kernel, too. */
export interface RecordedState {
  status: 'created' | 'running' | 'exited'
  startedAt?: string
  finishedAt?: string
  exitCode: number
  /** Why it could not be started. */
  error?: string
  /** Who makes it, or stays with it: with the time it started, another process of the same number is never taken for it. */
  supervisor?: { pid: number; startTime: number }
}

/** How it is connected. */
export interface Wiring {
  /** Path of the network namespace it joins; without one the runtime makes it one, or none. */
  netns?: string
  /** The namespace is its own, and goes with it. */
  own?: boolean
  endpoints: WiredEndpoint[]
  published: PublishedPort[]
}

export interface WiredEndpoint {
  network: string
  names: NetworkNames
  link: string
  hostLink: string
  address: string
  address6?: string
  gateway: string
}

export function shortId({ id }: { id: string }): string {
  return id.slice(0, 12)
}

/** True for the container that holds a pod's namespaces. */
export function isSandbox({ id, pod }: ContainerRecord): boolean {
  return pod?.sandbox === id
}
