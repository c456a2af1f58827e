import { close, open, read } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { OciError } from '../../../errors.ts'
import type { ByteRange } from '../wire/range.ts'

const opened = promisify(open)
const closed = promisify(close)

// Small enough to stay in the processor's cache between the read and the write, large enough that calls cost little.
const CHUNK = 256 << 10
const POOL_LIMIT = 64
const pool: Buffer[] = []

/**
 * Writes a part of a file to a client, as fast as the client reads.
 * `begin` is called when there is something to send: a file that cannot be read still has an answer of its own.
 * Two buffers take turns, one being filled while the other is on its way; a fresh one each time would cost as much as all the rest.
 */
export async function sendFile(
  response: ServerResponse,
  path: string,
  range: ByteRange,
  begin: () => void,
): Promise<void> {
  const file = await opened(path, 'r')
  const buffers = [pool.pop() ?? Buffer.allocUnsafeSlow(CHUNK), pool.pop() ?? Buffer.allocUnsafeSlow(CHUNK)]
  const written: Promise<void>[] = [Promise.resolve(), Promise.resolve()]
  try {
    for (let offset = range.start, turn = 0; offset < range.end; turn ^= 1) {
      await written[turn]
      const length = await filled(file, buffers[turn]!, Math.min(CHUNK, range.end - offset), offset)
      if (length === 0) throw new OciError('IO', `${path}: shorter than it was a moment ago`, { where: path })
      if (offset === range.start) begin()
      offset += length
      written[turn] = write(response, buffers[turn]!.subarray(0, length))
      // Whoever waits for it sees what went wrong.
      written[turn]!.catch(() => undefined)
    }
    if (range.start === range.end) begin()
    await Promise.all(written)
    // Nobody reads them any more: others may have them. After an error the system might still do.
    if (pool.length < POOL_LIMIT) pool.push(...buffers)
  } finally {
    await closed(file)
  }
  response.end()
}

function filled(file: number, buffer: Buffer, length: number, offset: number): Promise<number> {
  return new Promise((resolve, reject) =>
    read(file, buffer, 0, length, offset, (error, bytes) => (error ? reject(error) : resolve(bytes))),
  )
}

function write(response: ServerResponse, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const gone = () => reject(new Error('the client has gone'))
    if (response.closed) return gone()
    response.once('close', gone)
    response.write(chunk, error => {
      response.off('close', gone)
      if (error) reject(error)
      else resolve()
    })
  })
}
