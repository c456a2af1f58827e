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
    const [first, second] = this.#take(name)
    if (second) throw new LineError(`duplicate flag specified: --${name}`, second.offset)
    return first && givenValue(first)
  }

  texts(name: string): string[] {
    return this.#take(name).map(givenValue)
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

function givenValue({ name, value, offset }: Flag): string {
  if (value === undefined) throw new LineError(`missing a value on flag: --${name}`, offset)
  return value
}
