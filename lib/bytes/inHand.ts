import type { Bytes } from './bytes.ts'

/** Bytes that are all there already, in one piece: who knows that need not wait for them. */
export class InHand implements Bytes {
  readonly all: Uint8Array

  constructor(all: Uint8Array) {
    this.all = all
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    if (this.all.length > 0) yield this.all
  }
}
