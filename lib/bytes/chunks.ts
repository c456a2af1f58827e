import type { Bytes } from './bytes.ts'

/** The same chunks to keep: copies of lent ones, for who cannot say when it is done with them. */
export async function* kept(lent: Bytes): Bytes {
  for await (const chunk of lent) yield Buffer.from(chunk)
}

/** So much is a chunk of its own. */
export const LARGE = 256 << 10

/** Gathers small pieces, as copies, into large chunks: each chunk costs whoever takes it a turn, and a system call. */
export class Gathering {
  #chunk = Buffer.allocUnsafe(LARGE)
  #size = 0
  #whole: Uint8Array[] = []

  get hasWhole(): boolean {
    return this.#whole.length > 0
  }

  /** Puts a piece, of {@link LARGE} bytes at most, behind the others. */
  add(piece: Uint8Array): void {
    this.room(piece.length).set(piece)
  }

  /** Room for a piece, to be filled at once; what is in it means nothing. */
  room(size: number): Buffer {
    if (this.#size + size > LARGE) this.#close()
    const at = this.#size
    this.#size += size
    return this.#chunk.subarray(at, this.#size)
  }

  /** The chunks that are whole; with `all` what is left, too. */
  take({ all = false } = {}): Uint8Array[] {
    if (all && this.#size > 0) this.#close()
    const whole = this.#whole
    this.#whole = []
    return whole
  }

  #close(): void {
    this.#whole.push(this.#chunk.subarray(0, this.#size))
    this.#chunk = Buffer.allocUnsafe(LARGE)
    this.#size = 0
  }
}
