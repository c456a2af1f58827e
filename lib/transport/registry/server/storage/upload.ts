import { randomUUID } from 'node:crypto'
import { both } from '../../../../bytes/both.ts'
import type { Bytes } from '../../../../bytes/bytes.ts'
import { type Hashing, hashing } from '../../../../bytes/hashing.ts'
import { RegistryError } from '../../../../errors.ts'
import { type Algorithm, algorithmOf, type Digest, digester, shortDigest } from '../../../../spec/digest.ts'
import type { ByteRange } from '../../wire/range.ts'
import type { Shelf, UploadFile } from './medium.ts'

// What is written at once: large enough that a system call costs nothing beside it.
const BATCH = 1 << 20

export interface UploadOptions {
  algorithm?: Algorithm
  /** In bytes. */
  limit: number
  onWritten?: (size: number) => void
}

/** An upload that is under way: its bytes so far, and the digest of them. */
export class Upload {
  readonly id = randomUUID()
  readonly name: string
  /** When somebody last wrote, in milliseconds since 1970. */
  used = Date.now()
  private readonly file: UploadFile
  private readonly algorithm: Algorithm
  private readonly hash: Hashing
  private readonly limit: number
  /** Told how many bytes can be read back. */
  private readonly onWritten: ((size: number) => void) | undefined
  private received = 0
  private turn: Promise<unknown> = Promise.resolve()

  constructor(name: string, file: UploadFile, options: UploadOptions) {
    this.name = name
    this.file = file
    this.algorithm = options.algorithm ?? 'sha256'
    this.hash = hashing(this.algorithm)
    this.limit = options.limit
    this.onWritten = options.onWritten
  }

  /** How many bytes are here. */
  get size(): number {
    return this.received
  }

  /** What has been written so far. */
  bytes(range: ByteRange): Bytes {
    return this.file.bytes(range)
  }

  /** Does `work` after whatever others are doing with the upload. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.turn.then(work, work)
    this.turn = mine.catch(() => undefined)
    return mine
  }

  /**
   * Adds bytes, and takes the memory they are in. When they break off, those that came stay, so that the client may go on where it was.
   * Throws `TOO_LARGE`, `IO` when they cannot be kept; then the upload is of no more use.
   */
  async append(bytes: Bytes): Promise<void> {
    let batch: Uint8Array[] = []
    let length = 0
    let writing: Promise<void> = Promise.resolve()
    // While one batch is on its way to the disk, the next one comes in and is hashed.
    const flush = async () => {
      await writing
      writing = this.write(batch, length)
      writing.catch(() => undefined)
      batch = []
      length = 0
    }
    try {
      for await (const chunk of bytes) {
        if (this.received + length + chunk.length > this.limit) throw tooLarge(this.limit)
        batch.push(chunk)
        length += chunk.length
        if (length >= BATCH) await flush()
      }
    } finally {
      if (length > 0) await flush()
      await writing
      await this.file.rest()
      this.used = Date.now()
    }
  }

  private async write(batch: Uint8Array[], length: number): Promise<void> {
    const offset = this.received
    this.received += length
    await both(this.file.write(batch, offset), this.hash.update(batch))
    if (this.file.path !== undefined) for (const chunk of batch) giveBack(chunk)
    this.onWritten?.(offset + length)
  }

  /** Makes a blob of the bytes, if they are what the digest says. The upload is over in any case. Throws `DIGEST_INVALID`. */
  async finish(digest: Digest, shelf: Shelf): Promise<void> {
    try {
      const got = await this.digest(algorithmOf(digest))
      if (got !== digest)
        throw new RegistryError(
          'DIGEST_INVALID',
          `upload to ${this.name}: the bytes are not what the digest says (want ${shortDigest(digest)}, got ${shortDigest(got)})`,
          { want: digest, got },
        )
      await this.file.sync()
      await shelf.adopt(digest, this.file)
    } finally {
      await this.file.discard()
    }
  }

  cancel(): Promise<void> {
    return this.file.discard()
  }

  /** The client may have begun without a word about the algorithm: then the bytes are read once more. */
  private async digest(algorithm: Algorithm): Promise<Digest> {
    if (algorithm === this.algorithm) return this.hash.digest()
    const hash = digester(algorithm)
    for await (const chunk of this.file.bytes()) hash.update(chunk)
    return hash.digest()
  }
}

/** Memory that is free at once is used again while it is warm. Left to the garbage collector, it costs a third of a PUT. */
function giveBack(chunk: Uint8Array): void {
  // What is only a part of some memory may have neighbours.
  if (chunk.buffer instanceof ArrayBuffer && chunk.byteLength === chunk.buffer.byteLength) chunk.buffer.transfer(0)
}

function tooLarge(limit: number): RegistryError {
  return new RegistryError('TOO_LARGE', `too large (want at most ${limit} bytes)`, { want: limit })
}
