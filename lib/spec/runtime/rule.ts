/** The words in which the rules of config.json are written. Each rule goes on after what is wrong, so that all of it is told. */

/** Called for a field that is wrong: its JSON path, what is the matter, and both sides. */
export type Tell = (path: string, what: string, want: string, got: unknown) => void

/** Looks at one value, and tells all that is wrong in it. Where there is none, the value is undefined. */
export type Rule = (value: unknown, path: string, tell: Tell) => void

/** Looks at a value whose parts are all right by themselves: do they go together? */
export type Together<T> = (value: T, path: string, tell: Tell) => void

/** An object; fields that the spec does not know are nobody's business. runtime-spec config.md § Extensibility */
export function object<T>(
  fields: Readonly<Record<string, Rule>>,
  required: readonly string[] = [],
  together?: Together<T>,
): Rule {
  const rules = Object.entries(fields)
  return (value, path, tell) => {
    if (!isObject(value)) return wrongType(value, path, 'an object', tell)
    const inner = counted(tell)
    for (const [name, rule] of rules) {
      const field = value[name]
      if (field !== undefined || required.includes(name)) rule(field, fieldOf(path, name), inner.tell)
    }
    if (inner.told() === 0) together?.(value as T, path, tell)
  }
}

/** An object whose keys are names of something; the second rule, if there is one, is for them. */
export function map<T>(rule: Rule, key?: Rule, together?: Together<Record<string, T>>): Rule {
  return (value, path, tell) => {
    if (!isObject(value)) return wrongType(value, path, 'an object', tell)
    const inner = counted(tell)
    for (const [name, entry] of Object.entries(value)) {
      key?.(name, entryOf(path, name), inner.tell)
      rule(entry, entryOf(path, name), inner.tell)
    }
    if (inner.told() === 0) together?.(value as Record<string, T>, path, tell)
  }
}

export function list<T>(rule: Rule, together?: Together<T[]>): Rule {
  return (value, path, tell) => {
    if (!Array.isArray(value)) return wrongType(value, path, 'an array', tell)
    const inner = counted(tell)
    for (const [index, item] of value.entries()) rule(item, `${path}[${index}]`, inner.tell)
    if (inner.told() === 0) together?.(value, path, tell)
  }
}

/** All of these must hold; the later ones are asked only when those before had nothing to tell. */
export function every(...rules: readonly Rule[]): Rule {
  return (value, path, tell) => {
    const inner = counted(tell)
    for (const rule of rules) {
      rule(value, path, inner.tell)
      if (inner.told() > 0) return
    }
  }
}

/** A string. With a NUL in it the kernel would see only what is before it. */
export const text: Rule = (value, path, tell) => {
  if (typeof value !== 'string') wrongType(value, path, 'a string', tell)
  else if (value.includes('\0')) tell(path, 'has a NUL', 'a string without NUL', value)
}

/** A string of that form. */
export function matching(pattern: RegExp, want: string, what = 'not of that form'): Rule {
  return every(text, (value, path, tell) => {
    if (!pattern.test(value as string)) tell(path, what, want, value)
  })
}

export const filled = matching(/./s, 'a string that is not empty', 'empty')
export const absolute = matching(/^\//, 'a path that begins with /', 'not absolute')

/** One of these words. */
export function oneOf(words: readonly string[]): Rule {
  return every(text, (value, path, tell) => {
    if (!words.includes(value as string)) tell(path, 'unknown', `one of ${words.join(', ')}`, value)
  })
}

export const boolean: Rule = (value, path, tell) => {
  if (typeof value !== 'boolean') wrongType(value, path, 'true or false', tell)
}

/** A whole number in that range, both ends included. */
export function whole(least: number, most: number): Rule {
  const want = `a whole number from ${least} to ${most}`
  return (value, path, tell) => {
    if (typeof value !== 'number') wrongType(value, path, want, tell)
    else if (!Number.isInteger(value)) tell(path, 'not a whole number', want, value)
    else if (value < least || value > most) tell(path, 'out of range', want, value)
  }
}

export const int32 = whole(-(2 ** 31), 2 ** 31 - 1)
export const uint32 = whole(0, 2 ** 32 - 1)
// Above 2^53 a JSON number is rounded when it is read; what is written there means "no limit".
export const int64 = whole(-(2 ** 63), 2 ** 63)
export const uint64 = whole(0, 2 ** 64)

export const texts = list(text)

/** That no two of a list have the same `name`. */
export function once<T extends object>(name: keyof T & string): Together<T[]> {
  return (items, path, tell) => {
    const seen = new Set<unknown>()
    for (const [index, item] of items.entries()) {
      if (seen.has(item[name])) tell(`${path}[${index}].${name}`, 'given twice', `each ${name} once`, item[name])
      seen.add(item[name])
    }
  }
}

export function fieldOf(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

/** Names that are data, such as `net.core.somaxconn`, are no fields: they stand in brackets. */
export function entryOf(path: string, name: string): string {
  return `${path}[${JSON.stringify(name)}]`
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function wrongType(value: unknown, path: string, want: string, tell: Tell): void {
  tell(path, value === undefined ? 'missing' : 'of the wrong type', want, value)
}

function counted(tell: Tell): { tell: Tell; told(): number } {
  let count = 0
  return {
    tell(...problem) {
      count++
      tell(...problem)
    },
    told: () => count,
  }
}
