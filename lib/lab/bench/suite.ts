import type { BenchImage } from './images.ts'

/** One way to do an operation: ours, or a peer's. */
export interface Contender {
  readonly name: string
  /** Makes ready for one run. Not measured. */
  prepare?(): unknown
  /** What is measured. Throws when it fails. */
  run(): unknown
  /** What the run has left behind, which must equal what the others leave; takes it away. Not measured. */
  result?(): unknown
  /** The command line of a contender that is one program: its peak memory is its own, not this program's. */
  readonly command?: readonly string[]
  /** The process of a server that does the work: CPU and memory are its own, not its client's. */
  readonly server?: number
}

/** Ours against its peers. */
export interface Comparison {
  readonly name: string
  readonly ours: Contender
  readonly peers: readonly Contender[]
  /** How long ours may take: so much of the time of the fastest peer. */
  readonly goal: number
  /** How long it takes today, where that is more: the guard tells when it gets worse. */
  readonly today?: number
  /** How often each is run. What takes milliseconds needs more of them than what takes seconds. */
  readonly pairs?: number
}

/** What a suite may use while it is measured. */
export interface Place {
  /** A folder of its own, which is removed afterwards. */
  readonly folder: string
  /** Called when the suite is over, the last one first. */
  defer(action: () => unknown): void
}

/** Comparisons that are chosen by one name: `npm run bench -- runtime`. */
export interface Suite {
  /** Makes what is measured. */
  open(place: Place): Comparison[] | Promise<Comparison[]>
}

/** A suite, loaded when it is asked for. */
export interface Listed {
  readonly name: string
  /** Small enough for the guard, which runs in seconds and needs no image. */
  readonly guarded: boolean
  /** Made before anything is measured, where the machine's own network is in reach. */
  readonly images?: readonly BenchImage[]
  load(): Promise<{ suite: Suite }>
}
