import type { Flag } from './arguments.ts'
import { LineError } from './error.ts'

/** The flags of one instruction: each is asked for once, what nobody asked for is an error. */
export class Flags {
  readonly #left: Flag[]

  constructor(flags: readonly Flag[]) {
    this.#left = [...flags]
  }

  /** Throws {@link LineError} when it is given twice or without a value. */
  text(name: string): string | undefined {
    return this.read(name, value => value)
  }

  texts(name: string): string[] {
    return this.readAll(name, value => value)
  }

  /** What `read` makes of its value; what it throws points at the flag. */
  read<T>(name: string, read: (value: string) => T): T | undefined {
    const [first, second] = this.#take(name)
    if (second) throw new LineError(`duplicate flag specified: --${name}`, second.offset)
    return first && readFlag(first, read)
  }

  readAll<T>(name: string, read: (value: string) => T): T[] {
    return this.#take(name).map(flag => readFlag(flag, read))
  }

  boolean(name: string): boolean {
    const [first, second] = this.#take(name)
    if (second) throw new LineError(`duplicate flag specified: --${name}`, second.offset)
    if (!first) return false
    const value = (first.value ?? 'true').toLowerCase()
    if (value === 'true' || value === 'false') return value === 'true'
    throw new LineError(`expecting boolean value for flag --${name}, not: ${value}`, first.offset)
  }

  /** To be called when all that are known have been asked for. */
  end(): void {
    const [unknown] = this.#left
    if (unknown) throw new LineError(`unknown flag: --${unknown.name}`, unknown.offset)
  }

  #take(name: string): Flag[] {
    const found = this.#left.filter(flag => flag.name === name)
    for (const flag of found) this.#left.splice(this.#left.indexOf(flag), 1)
    return found
  }
}

function readFlag<T>(flag: Flag, read: (value: string) => T): T {
  const value = givenValue(flag)
  try {
    return read(value)
  } catch (error) {
    if (error instanceof LineError) throw new LineError(error.message, flag.offset)
    throw error
  }
}

function givenValue({ name, value, offset }: Flag): string {
  if (value === undefined) throw new LineError(`missing a value on flag: --${name}`, offset)
  return value
}
