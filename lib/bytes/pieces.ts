import type { Bytes } from './bytes.ts'

const NOTHING = Buffer.alloc(0)

/** A stream to be read at a place: `bytes` from `at` on are in hand, the rest is still to come. */
export class Pieces {
  bytes: Buffer = NOTHING
  at = 0
  readonly #source: AsyncIterator<Uint8Array>
  /** What of a chunk is left after its beginning was put behind the end of the one before. */
  #next: Buffer | undefined

  constructor(source: Bytes) {
    this.#source = source[Symbol.asyncIterator]()
  }

  get left(): number {
    return this.bytes.length - this.at
  }

  /** Goes on until so many bytes are in hand in one piece; false when the stream ends before. */
  async gather(size: number): Promise<boolean> {
    if (this.left === 0 && !(await this.advance())) return false
    if (this.left >= size) return true
    // Only what lies across two chunks is copied.
    const whole = Buffer.allocUnsafe(size)
    let filled = this.bytes.copy(whole, 0, this.at)
    for (;;) {
      if (!(await this.advance())) {
        this.bytes = whole.subarray(0, filled)
        return false
      }
      const used = this.bytes.copy(whole, filled)
      filled += used
      if (filled < size) continue
      this.#next = used < this.bytes.length ? this.bytes.subarray(used) : undefined
      this.bytes = whole
      return true
    }
  }

  /** The next chunk in place of this one; false at the end. */
  async advance(): Promise<boolean> {
    const next = this.#next ?? (await this.#read())
    this.#next = undefined
    this.bytes = next ?? NOTHING
    this.at = 0
    return next !== undefined
  }

  /** Lets go of what is behind: files are closed, sockets dropped. */
  async close(): Promise<void> {
    await this.#source.return?.()
  }

  async #read(): Promise<Buffer | undefined> {
    for (;;) {
      const { done, value } = await this.#source.next()
      if (done) return undefined
      if (value.length > 0) return Buffer.from(value.buffer, value.byteOffset, value.length)
    }
  }
}
