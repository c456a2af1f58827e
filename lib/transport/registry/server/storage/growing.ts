import type { Bytes } from '../../../../bytes/bytes.ts'
import type { ByteRange } from '../../wire/range.ts'
import type { StoredBlob } from './medium.ts'

/** A blob that is still coming from elsewhere, and is read meanwhile. Its last byte is given out only when all of it has proved right. */
export class Growing implements StoredBlob {
  readonly size: number
  private readonly read: (range: ByteRange) => Bytes
  private written = 0
  private state: 'coming' | 'here' | 'failed' = 'coming'
  private failure: unknown
  private wake: () => void = () => {}
  private change = new Promise<void>(resolve => {
    this.wake = resolve
  })

  constructor(size: number, read: (range: ByteRange) => Bytes) {
    this.size = size
    this.read = read
  }

  grew(written: number): void {
    this.written = written
    this.tell()
  }

  finished(): void {
    this.state = 'here'
    this.tell()
  }

  failed(error: unknown): void {
    this.state = 'failed'
    this.failure = error
    this.tell()
  }

  async *bytes({ start, end }: ByteRange = { start: 0, end: this.size }): Bytes {
    for (let offset = start; offset < end; ) {
      // Taken before we look: what happens after the look ends the wait.
      const change = this.change
      if (this.state === 'failed') throw this.failure
      const safe = this.state === 'here' ? end : Math.min(end, this.written, this.size - 1)
      if (safe <= offset) await change
      else {
        yield* this.read({ start: offset, end: safe })
        offset = safe
      }
    }
  }

  private tell(): void {
    const wake = this.wake
    this.change = new Promise(resolve => {
      this.wake = resolve
    })
    wake()
  }
}
