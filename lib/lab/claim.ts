import { sentence } from '../errors.ts'

export type Language = 'en' | 'zh'

/** A sentence in both languages of the lab. */
export type Text = Readonly<Record<Language, string>>

/** What the machine said, a value or a command, as it is; what we say, in both languages. */
export type Words = string | Text

export function inLanguage(words: Words, language: Language): string {
  return typeof words === 'string' ? words : words[language]
}

/** What a check saw. A hint points to what is wrong and never gives the command. */
export interface Finding {
  /** `skip`: this machine cannot be looked at for it, and `seen` says why. */
  readonly state: 'pass' | 'fail' | 'skip'
  readonly seen: Words
  readonly expected: Words
  readonly where: Words
  readonly hint?: Text
  /** The check itself could not go on: that says nothing of what it looked at. */
  readonly broken?: true
}

/** Something that is so, or not: a check looks at state, not at what was typed, so it accepts any tool's result. */
export interface Claim<Place> {
  /** `05.1`: the first check of step, or lesson, 05. */
  readonly id: string
  readonly claim: Text
  look(place: Place): Promise<Finding>
}

/**
 * Looks whether a claim holds. One that cannot be looked at does not hold: what stood in the way is what was seen. One whose
 * own code fails is `broken`.
 */
export async function look<Place>(claim: Claim<Place>, place: Place): Promise<Finding> {
  try {
    return await claim.look(place)
  } catch (error) {
    const found = { state: 'fail', expected: claim.claim, where: claim.id } as const
    const said = sentence(error)
    if (!isDefect(error)) return { ...found, seen: said }
    return { ...found, seen: { en: `the check itself broke: ${said}`, zh: `检查本身出了错：${said}` }, broken: true }
  }
}

/** What only a program's own mistake throws; `fetch` throws a TypeError with a cause, `new URL` one with a code. */
function isDefect(error: unknown): boolean {
  if (!(error instanceof Error) || error.cause !== undefined || 'code' in error) return false
  return [TypeError, RangeError, ReferenceError].some(kind => error instanceof kind)
}

/** Compares what was seen with what was expected: values, both as text. */
export function same(seen: unknown, expected: unknown, where: Words, hint?: Text): Finding {
  const [left, right] = [show(seen), show(expected)]
  return left === right
    ? { state: 'pass', seen: left, expected: right, where }
    : { state: 'fail', seen: left, expected: right, where, hint }
}

/** Passes when everything expected is among what was seen. */
export function includes(seen: readonly string[], expected: readonly string[], where: Words, hint?: Text): Finding {
  const missing = expected.filter(name => !seen.includes(name)).join(', ')
  const found = { expected: expected.join(', '), where }
  return missing === ''
    ? { state: 'pass', seen: { en: `${seen.length} names`, zh: `${seen.length} 个名字` }, ...found }
    : { state: 'fail', seen: { en: `without ${missing}`, zh: `缺少 ${missing}` }, ...found, hint }
}

/** What no two values say: told in words. */
export function unlike(seen: Words, expected: Words, where: Words, hint?: Text): Finding {
  return { state: 'fail', seen, expected, where, hint }
}

function show(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value))
}
