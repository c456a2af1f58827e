import type { Options } from '../events.ts'
import type { Lab } from './lab.ts'

export type Language = 'en' | 'zh'

/** A sentence in both languages of the lab. */
export type Text = Readonly<Record<Language, string>>

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
  /** Does the step and answers what a terminal would have shown. */
  run(lab: Lab, options: Options): Promise<string[]>
  readonly checks: readonly Check[]
}

/** A check looks at state, not at what was typed, so it accepts any tool's result. */
export interface Check {
  readonly id: string
  readonly claim: Text
  look(lab: Lab): Promise<Finding>
}

/** What a check saw. A hint points to what is wrong and never gives the command. */
export interface Finding {
  readonly state: 'pass' | 'fail'
  readonly seen: string
  readonly expected: string
  readonly where: string
  readonly hint?: string
}

/** For a step that has said the real tool's whole line: the library, which knows less of the names, says no other. */
export function withoutCommands(options: Options): Options {
  return { ...options, onEvent: event => event.type !== 'command' && options.onEvent?.(event) }
}

/** Compares what was seen with what was expected, both as text. */
export function same(seen: unknown, expected: unknown, where: string, hint?: string): Finding {
  const [left, right] = [show(seen), show(expected)]
  return {
    state: left === right ? 'pass' : 'fail',
    seen: left,
    expected: right,
    where,
    hint: left === right ? undefined : hint,
  }
}

/** Passes when everything expected is among what was seen. */
export function includes(seen: readonly string[], expected: readonly string[], where: string, hint?: string): Finding {
  const missing = expected.filter(name => !seen.includes(name))
  const state = missing.length === 0 ? 'pass' : 'fail'
  const shown = missing.length === 0 ? `${seen.length} names` : `without ${missing.join(', ')}`
  return { state, seen: shown, expected: expected.join(' '), where, hint: state === 'fail' ? hint : undefined }
}

function show(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
