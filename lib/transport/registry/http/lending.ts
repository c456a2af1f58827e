import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Bytes } from '../../../bytes/bytes.ts'

// What a fast line brings while a chunk of this size is hashed and written.
const SIZE = 1 << 20
// So many TLS records are as much.
const COLLECTED = 64

/** One download, read into two pieces of memory in turns: while one is hashed and written, the other one fills. */
export interface Lending {
  /** For the socket: where it reads to, and who gets what it read. */
  readonly onread: { buffer(): Uint8Array; callback(size: number, buffer: Uint8Array): boolean }
  /** Called when the headers are there: from the next read on, bytes go by the parser. False when that cannot be. */
  take(answer: IncomingMessage): boolean
  /** The body: each chunk is good until the next but one is asked for. */
  body(answer: IncomingMessage): Bytes
}

/**
 * node:http reads 64 KiB at a time into fresh memory, and its parser copies each piece once more: of a large blob, that
 * costs more than its hash. So the parser reads the headers, and what follows is simply as long as they said.
 * TLS gives 16 KiB at a time, and what it has decrypted already still comes after a word of no more: that is collected.
 */
export function lending({ isTls = false } = {}): Lending {
  let socket: Socket | undefined
  let isTaken = false
  let waiting: Uint8Array[] = []
  let wake = () => {}
  const buffers = [Buffer.allocUnsafeSlow(SIZE), Buffer.allocUnsafeSlow(SIZE)] as const
  let turn: 0 | 1 = 0
  return {
    onread: {
      buffer() {
        turn = turn === 0 ? 1 : 0
        return buffers[turn]
      },
      callback(this: unknown, size: number, buffer: Uint8Array) {
        // The socket calls this as its own method.
        socket = this as Socket
        const chunk = Buffer.from(buffer.buffer, buffer.byteOffset, size)
        if (!isTaken) return socket.emit('data', chunk)
        waiting.push(isTls ? Buffer.from(chunk) : chunk)
        wake()
        // No more until somebody has read this.
        return isTls && waiting.length < COLLECTED
      },
    },
    take(answer) {
      isTaken = socket !== undefined && answer.headers['content-length'] !== undefined
      return isTaken
    },
    async *body(answer) {
      let left = Number(answer.headers['content-length'])
      const connection = socket!
      connection.once('close', () => wake())
      const next = () =>
        new Promise<void>(resolve => {
          wake = resolve
          if (waiting.length > 0 || connection.destroyed) resolve()
          else connection.resume()
        })
      // What came together with the headers has been through the parser.
      for (let chunk = answer.read(); chunk !== null; chunk = answer.read()) {
        yield chunk
        left -= chunk.length
      }
      while (left > 0) {
        await next()
        if (waiting.length === 0) throw new Error('the connection ended before the answer did')
        const all = waiting.length === 1 ? waiting[0]! : Buffer.concat(waiting)
        waiting = []
        const chunk = all.subarray(0, left)
        yield chunk
        left -= chunk.length
      }
    },
  }
}
