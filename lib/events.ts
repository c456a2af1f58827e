import type { Descriptor } from './spec/descriptor.ts'

/**
 * One stream of events feeds progress bars, traces, the journal and "what docker would have run".
 * Listeners are called synchronously and never awaited: what has side effects (the journal) is done when `emit` returns.
 */
export type LabEvent =
  /** The folk name of what follows: `skopeo copy docker://… oci:…`. A root test runs these lines, so they are true. */
  | { type: 'command'; line: string }
  | { type: 'blob'; state: 'started' | 'progress' | 'done' | 'skipped'; blob: BlobLabel; offset: number }
  | { type: 'entry'; change: 'written' | 'whiteout' | 'opaque'; path: string }
  /** A request that was made, or, with a `visit`, one that our own registry answered. */
  | { type: 'http'; method: string; url: string; status: number; visit?: Visit }
  /** A line of a build, as `docker build` prints it. */
  | { type: 'build'; line: string }
  | { type: 'kernel'; call: string; errno?: string }
  /** Sent before the host is changed, with what takes the change back: a journal that throws stops the change. */
  | { type: 'change'; undo: Undo }
  /** The change of that `undo` has been taken back. */
  | { type: 'undone'; undo: Undo }

/** What a progress bar needs to know of a blob; a layer compressed on the fly has no digest or size before its end. */
export type BlobLabel = { kind: 'layer' | 'config' | 'manifest' } & Partial<Pick<Descriptor, 'digest' | 'size'>>

/** Who asked our registry for something: a line of its access log. */
export interface Visit {
  /** The address they came from. */
  from: string
  /** Empty for a stranger. */
  user: string
  /** The length of the answer. */
  bytes: number
  milliseconds: number
}

/** How one change to the host is taken back. Everything in it survives a restart of the program. */
export type Undo =
  | { kind: 'link'; name: string; netns?: string }
  | { kind: 'netns'; path: string }
  | { kind: 'mount'; path: string }
  /** A table of nftables, of family inet. */
  | { kind: 'nft'; table: string; netns?: string }
  /** `value` is what was there before. */
  | { kind: 'sysctl'; key: string; value: string; netns?: string }
  /** Rules in DOCKER-USER that let a bridge's packets through. */
  | { kind: 'forward'; bridge: string; netns?: string }
  | { kind: 'container'; id: string; runtime: string; root?: string }
  | { kind: 'directory'; path: string }
  /** What CNI plugins have attached: libcni's file about it, and the folders the plugins are in. */
  | { kind: 'cni'; file: string; path: readonly string[] }

/** The last parameter of every long operation. */
export interface Options {
  onEvent?(event: LabEvent): void
  signal?: AbortSignal
}

export function emit(options: Options | undefined, event: LabEvent): void {
  options?.onEvent?.(event)
}

/** Says the folk command of what follows: the first line of every public operation. */
export function say(options: Options | undefined, line: string): void {
  emit(options, { type: 'command', line })
}
