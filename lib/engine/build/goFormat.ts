import { showDuration } from './dockerfile/duration.ts'
import type { Health } from './dockerfile/instruction.ts'

// Docker's history is what Go's fmt makes of an instruction: these are its %q and %v.

/** `%q` of a string. */
export function quoted(text: string): string {
  const escapes: Record<string, string> = { '\u0007': '\\a', '\u000b': '\\v', '\u0000': '\\x00', '\u007f': '\\x7f' }
  return JSON.stringify(text)
    .replace(/\\u00([01][0-9a-f])/g, (_, hex) => {
      const character = String.fromCharCode(Number.parseInt(hex, 16))
      return escapes[character] ?? `\\x${hex}`
    })
    .replace(/\u007f/g, '\\x7f')
}

/** `%q` of a list: `["a" "b"]`. */
export function quotedList(words: readonly string[]): string {
  return `[${words.map(quoted).join(' ')}]`
}

/** `%v` of a list: `[a b]`. */
export function plainList(words: readonly string[]): string {
  return `[${words.join(' ')}]`
}

/** `%q` of a pointer to Docker's HealthConfig; a number is quoted as the character it is. */
export function quotedHealth(health: Health): string {
  const { Test, Interval = 0, Timeout = 0, StartPeriod = 0, Retries = 0 } = health
  const times = [Interval, Timeout, StartPeriod].map(time => quoted(showDuration(time)))
  return `&{${[quotedList(Test), ...times, quotedRune(Retries)].join(' ')}}`
}

function quotedRune(code: number): string {
  const inside = quoted(String.fromCodePoint(code)).slice(1, -1)
  return `'${inside === '\\"' ? '"' : inside === "'" ? "\\'" : inside}'`
}
