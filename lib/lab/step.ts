import type { Options } from '../events.ts'
import type { Claim, Text } from './claim.ts'
import type { Lab } from './lab.ts'

/** One step of the article: what it is about, how it is done, and how one sees that it was done. */
export interface Step {
  /** Two digits, in the article's order. */
  readonly id: string
  /** The article's own heading. */
  readonly section: string
  readonly title: Text
  readonly why: Text
  /** True when the step changes the machine: it needs root on Linux. */
  readonly root: boolean
  /** Why the lab's runtime cannot do it; nothing when it can. */
  unfit?(lab: Lab): Promise<string | undefined>
  /** Does the step and answers what a terminal would have shown. */
  run(lab: Lab, options: Options): Promise<string[]>
  readonly checks: readonly Claim<Lab>[]
}

/** For a step that has said the real tool's whole line: the library, which knows less of the names, says no other. */
export function withoutCommands(options: Options): Options {
  return { ...options, onEvent: event => event.type !== 'command' && options.onEvent?.(event) }
}
