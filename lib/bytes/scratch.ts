import { constants, type FileHandle, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inFile, isSystemError } from '../errors.ts'
import type { Bytes } from './bytes.ts'
import { LARGE } from './chunks.ts'
import { bytesOfFile, temporaryName, writeAll } from './file.ts'
import { InHand } from './inHand.ts'

const ROOM = 1 << 20
// Of open(2), for which Node has no word; O_DIRECTORY, which is part of it, is another bit on other processors.
const TMPFILE = 0o20000000 | constants.O_DIRECTORY

/**
 * Contents that wait for their turn: a megabyte in memory, more in a file that has no name, so that nothing is left of it,
 * whatever happens. First all are added, then they are read, best in the same order: small ones come many at a time.
 */
export class Scratch {
  #file: FileHandle | undefined
  #size = 0
  // What is in hand, and where in the file it begins. While it is filled, the one before may still be written.
  #room = Buffer.allocUnsafeSlow(ROOM)
  #other = Buffer.allocUnsafeSlow(ROOM)
  #start = 0
  #filled = 0
  #writing: Promise<void> = Promise.resolve()

  /** Puts contents behind those that are there, and answers where they begin. Lent ones are done with afterwards. */
  async add(contents: Bytes): Promise<number> {
    const at = this.#size
    for await (const chunk of contents instanceof InHand ? [contents.all] : contents)
      for (let done = 0; done < chunk.length; ) {
        const part = chunk.subarray(done, done + ROOM - this.#filled)
        this.#room.set(part, this.#filled)
        this.#filled += part.length
        this.#size += part.length
        done += part.length
        if (this.#filled === ROOM) await this.#write()
      }
    return at
  }

  /** After the last one. */
  async flush(): Promise<void> {
    if (!this.#file) return
    await this.#write()
    await this.#writing
  }

  /**
   * Contents, in hand where they are few, and then good only until the next ones are asked for: {@link writeTar} has copied
   * them before. More come as a stream, whose chunks are the reader's own, or lent.
   */
  async contents(at: number, size: number, how: { lent?: boolean } = {}): Promise<Bytes> {
    if (this.#file && size > LARGE) return bytesOfFile(this.#file, { start: at, end: at + size, ...how })
    if (at < this.#start || at + size > this.#start + this.#filled) {
      const { bytesRead } = await this.#file!.read(this.#room, 0, ROOM, at)
      this.#start = at
      this.#filled = bytesRead
    }
    return new InHand(this.#room.subarray(at - this.#start, at - this.#start + size))
  }

  async close(): Promise<void> {
    await this.#writing.catch(() => undefined)
    await this.#file?.close()
  }

  async #write(): Promise<void> {
    await this.#writing
    this.#file ??= await withoutName()
    this.#writing = writeAll(this.#file, this.#room.subarray(0, this.#filled)).catch(inFile(tmpdir()))
    // Whoever waits for it sees what went wrong.
    this.#writing.catch(() => undefined)
    ;[this.#room, this.#other] = [this.#other, this.#room]
    this.#filled = 0
  }
}

/** Where the file system can do so it never had one; else whoever is killed between two calls leaves it. */
async function withoutName(): Promise<FileHandle> {
  try {
    return await open(tmpdir(), TMPFILE | constants.O_RDWR, 0o600)
  } catch (error) {
    if (!isSystemError(error, 'EOPNOTSUPP') && !isSystemError(error, 'EISDIR')) throw error
  }
  const path = temporaryName(join(tmpdir(), 'ocilab'))
  const file = await open(path, 'wx+', 0o600)
  await rm(path)
  return file
}
