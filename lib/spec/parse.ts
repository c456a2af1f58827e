import { OciError } from '../errors.ts'

/** The small words of every parser at the trust boundary. Each throws `MANIFEST_INVALID` naming the field. */

export function object(value: unknown, where: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw wrong('an object', value, where)
}

export function string(value: unknown, where: string): string {
  if (typeof value === 'string') return value
  throw wrong('a string', value, where)
}

export function array(value: unknown, where: string): unknown[] {
  if (Array.isArray(value)) return value
  throw wrong('an array', value, where)
}

export function strings(value: unknown, where: string): string[] {
  return array(value, where).map((item, index) => string(item, `${where}[${index}]`))
}

export function boolean(value: unknown, where: string): boolean {
  if (typeof value === 'boolean') return value
  throw wrong('true or false', value, where)
}

/** A map of strings; an entry called `__proto__` stays an ordinary entry. */
export function record(value: unknown, where: string): Record<string, string> {
  const entries = Object.entries(object(value, where)).map(([key, item]) => [key, string(item, `${where}.${key}`)])
  return Object.fromEntries(entries)
}

/** Go writes an absent field as nothing or as null: both are undefined here. */
export function optional<T>(value: unknown, parse: (value: unknown) => T): T | undefined {
  return value === undefined || value === null ? undefined : parse(value)
}

/** A value as an error shows it: what came from outside may be long. */
export function shown(value: unknown): string {
  return value === undefined ? 'nothing' : (JSON.stringify(value) ?? String(value)).slice(0, 60)
}

function wrong(want: string, value: unknown, where: string): OciError {
  const got = shown(value)
  return new OciError('MANIFEST_INVALID', `${where}: want ${want}, got ${got}`, { want, got, where })
}
