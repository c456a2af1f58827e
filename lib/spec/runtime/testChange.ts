/** A place in a JSON document. */
export type Path = readonly (string | number)[]

type Container = Record<string | number, unknown>

/** Says that a place is to be empty. */
export const without = Symbol('without')

/** All places in a document, its own not among them. */
export function everyPath(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return path.length ? [path] : []
  const keys = Array.isArray(value) ? value.keys() : Object.keys(value)
  const below = [...keys].flatMap(key => everyPath((value as Container)[key], [...path, key]))
  return path.length ? [path, ...below] : below
}

/** What is at a place. */
export function at(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Container | undefined)?.[key], value)
}

/** Puts something at a place, or nothing; a place that is not there any more stays so. */
export function set<T>(document: T, path: Path, value: unknown): T {
  const above = at(document, path.slice(0, -1)) as Container | undefined
  const key = path.at(-1)!
  if (typeof above !== 'object' || above === null) return document
  if (value !== without) above[key] = value
  else if (Array.isArray(above)) above.splice(Number(key), 1)
  else delete above[key]
  return document
}
