import { RuntimeError } from '../../errors.ts'
import type { Words } from './names.ts'

/** The number of a word. Throws `CONFIG_INVALID` naming `where` and all words there are. */
export function numberOf(words: Words, what: string, word: unknown, where: string): number {
  if (typeof word === 'string' && Object.hasOwn(words, word)) return words[word]!
  throw invalid(where, `unknown ${what}`, `one of ${Object.keys(words).join(', ')}`, word)
}

/** A list, empty where Go would have nil. Throws `CONFIG_INVALID`. */
export function listOf<T>(value: readonly T[] | undefined | null, where: string): readonly T[] {
  if (value === undefined || value === null) return []
  if (Array.isArray(value)) return value
  throw invalid(where, 'no list', 'an array', value)
}

/** A whole number from 0 to `most`. Throws `CONFIG_INVALID`. */
export function wholeOf(value: unknown, most: number, where: string): number {
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most) return value as number
  throw invalid(where, 'out of range', `a whole number from 0 to ${most}`, value)
}

/**
 * An unsigned number of 64 bits, 0 where there is none. Throws `CONFIG_INVALID`, also where JSON.parse has rounded: a
 * filter that compares with another number than was written would be a hole. Larger ones can be given as bigint.
 */
export function longOf(value: number | bigint | undefined | null, where: string): bigint {
  if (value === undefined || value === null) return 0n
  if (typeof value === 'bigint' && value === BigInt.asUintN(64, value)) return value
  if (Number.isSafeInteger(value) && (value as number) >= 0) return BigInt(value)
  const large = typeof value === 'number' && value > Number.MAX_SAFE_INTEGER
  throw invalid(where, large ? 'too large to be read exactly' : 'no such number', 'a whole number below 2^53', value)
}

/** An error of a config: `where: what (want …, got …)`. */
export function invalid(where: string, what: string, want: string, got: unknown, cause?: unknown): RuntimeError {
  const shown = got === undefined ? 'nothing' : typeof got === 'bigint' ? `${got}` : JSON.stringify(got)
  const data = { where, want, got: typeof got === 'bigint' ? shown : got }
  return new RuntimeError('CONFIG_INVALID', `${where}: ${what} (want ${want}, got ${shown})`, data, { cause })
}
