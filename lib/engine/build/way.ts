import { OciError } from '../../errors.ts'
import { MOST_SYMLINKS } from '../../image/layerPath.ts'
import { asText } from './source.ts'

/**
 * Where a path leads in a tree, symlinks followed as if that were `/`. Who goes it looks at what is there after each step, and
 * says whether it is a link to follow. One character a byte.
 */
export class Way {
  readonly #asked: string
  readonly #todo: string[]
  #parts: string[] = []
  #followed = 0

  constructor(path: string) {
    this.#asked = path
    this.#todo = path.split('/')
  }

  /** Without links, dots and slashes around it; empty for the root. */
  get path(): string {
    return this.#parts.join('/')
  }

  get isAtEnd(): boolean {
    return this.#todo.length === 0
  }

  /** Goes down to the next name; false when there is none. */
  step(): boolean {
    for (let name = this.#todo.shift(); name !== undefined; name = this.#todo.shift()) {
      if (name === '..') this.#parts.pop()
      else if (name !== '' && name !== '.') {
        this.#parts.push(name)
        return true
      }
    }
    return false
  }

  /** Goes on where the link at this step leads. Throws `ARGUMENT_INVALID` after more of them than Linux follows. */
  follow(link: Buffer): void {
    if (++this.#followed > MOST_SYMLINKS)
      throw new OciError('ARGUMENT_INVALID', `${asText(this.#asked)}: too many symlinks on the way`, {
        where: this.#asked,
      })
    const target = link.toString('latin1')
    this.#parts = target.startsWith('/') ? [] : this.#parts.slice(0, -1)
    this.#todo.unshift(...target.split('/'))
  }
}
