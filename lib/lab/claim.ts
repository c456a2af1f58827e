import { sentence } from '../errors.ts'

export type Language = 'en' | 'zh'

/** A sentence in both languages of the lab. */
export type Text = Readonly<Record<Language, string>>

/** Said as it is, or in both languages: what the machine said is not translated, what we say is. */
export type Words = string | Text

export function inLanguage(words: Words, language: Language): string {
  return typeof words === 'string' ? words : words[language]
}

/** What a check saw. A hint points to what is wrong and never gives the command. */
export interface Finding {
  /** `skip`: this machine cannot be looked at for it, and `seen` says why. */
  readonly state: 'pass' | 'fail' | 'skip'
  readonly seen: string
  readonly expected: Words
  readonly where: string
  readonly hint?: Words
}

/** Something that is so, or not: a check looks at state, not at what was typed, so it accepts any tool's result. */
export interface Claim<Place> {
  /** `05.1`: the first check of step, or lesson, 05. */
  readonly id: string
  readonly claim: Text
  look(place: Place): Promise<Finding>
}

/** Looks whether a claim holds. One that cannot be looked at does not hold: what stood in the way is what was seen. */
export async function look<Place>(claim: Claim<Place>, place: Place): Promise<Finding> {
  try {
    return await claim.look(place)
  } catch (error) {
    return { state: 'fail', seen: sentence(error), expected: claim.claim, where: claim.id }
  }
}

/** Compares what was seen with what was expected, both as text. */
export function same(seen: unknown, expected: unknown, where: string, hint?: Words): Finding {
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
export function includes(seen: readonly string[], expected: readonly string[], where: string, hint?: Words): Finding {
  const missing = expected.filter(name => !seen.includes(name))
  const state = missing.length === 0 ? 'pass' : 'fail'
  const shown = missing.length === 0 ? `${seen.length} names` : `without ${missing.join(', ')}`
  return { state, seen: shown, expected: expected.join(' '), where, hint: state === 'fail' ? hint : undefined }
}

function show(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value))
}
