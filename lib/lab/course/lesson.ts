import type { Options } from '../../events.ts'
import type { Claim } from '../claim.ts'
import type { Place } from './place.ts'

/** What `ocilab doctor` calls it: `root`, `docker`, `runc` … */
export type Need = string

/** What a program must know of a lesson. Its words are in `notebooks/src/ID.md`. */
export interface Lesson {
  /** `03-oci-layout`: also the name of its notebook, and of its folder. */
  readonly id: string
  readonly needs?: readonly Need[]
  /** Makes what the lesson starts with. It may find itself already done, or half done. */
  prepare?(place: Place, options: Options): Promise<void>
  readonly checks: readonly LessonCheck[]
}

/** A check of the course: a claim about the machine, or about what the learner answered. */
export interface LessonCheck extends Claim<Place> {
  /** Beyond what the lesson needs. */
  readonly needs?: readonly Need[]
  /** What the step makes in the lesson's folder: resetting the step removes it. */
  readonly makes?: readonly string[]
  /** Takes back what the step has done elsewhere, when it is reset. */
  undo?(place: Place): Promise<void>
}
