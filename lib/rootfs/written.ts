import { ancestorsOf } from '../image/layerPath.ts'

/**
 * What a layer has written, with the folders above it: its whiteouts hide only what is not here. Most layers have no
 * whiteouts: names are only kept, and put in order when the first question comes.
 */
export class Written {
  readonly #kept: string[] = []
  readonly #known = new Map<string, 'itself' | 'something below'>()

  add(path: string): void {
    this.#kept.push(path)
  }

  /** Whether it, or something below it, was written. */
  has(path: string): boolean {
    return this.#look(path) !== undefined
  }

  hasItself(path: string): boolean {
    return this.#look(path) === 'itself'
  }

  #look(path: string): 'itself' | 'something below' | undefined {
    for (const written of this.#kept.splice(0)) {
      this.#known.set(written, 'itself')
      for (const folder of ancestorsOf(written)) {
        if (this.#known.has(folder)) break
        this.#known.set(folder, 'something below')
      }
    }
    return this.#known.get(path)
  }
}
