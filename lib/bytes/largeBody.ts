import type { Bytes } from './bytes.ts'
import { cutShort } from './membersInHand.ts'
import type { Pieces } from './pieces.ts'
import { padded } from './tarBlock.ts'

/** The contents of a member that is not in hand, chunk by chunk; they may be left half-read. */
export class LargeBody implements Bytes {
  readonly #pieces: Pieces
  readonly #where: string
  #padding: number
  #left: number

  constructor(pieces: Pieces, size: number, where: string) {
    this.#pieces = pieces
    this.#where = where
    this.#left = size
    this.#padding = padded(size) - size
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    while (this.#left > 0) {
      const chunk = await this.#next(this.#left)
      this.#left -= chunk.length
      yield chunk
    }
  }

  /** Goes to the next header. */
  async skip(): Promise<void> {
    while (this.#left > 0) this.#left -= (await this.#next(this.#left)).length
    while (this.#padding > 0) this.#padding -= (await this.#next(this.#padding)).length
  }

  async #next(most: number): Promise<Buffer> {
    const pieces = this.#pieces
    if (pieces.left === 0 && !(await pieces.advance())) throw cutShort(this.#where)
    const chunk = pieces.bytes.subarray(pieces.at, pieces.at + most)
    pieces.at += chunk.length
    return chunk
  }
}
