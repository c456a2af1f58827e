import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { RegistryError } from '../../../errors.ts'
import { parseDigest } from '../../../spec/digest.ts'
import { type ByteRange, parseRange, writeContentRange } from '../wire/range.ts'
import type { RouteOf } from '../wire/route.ts'
import { type Exchange, etagOf, isNotModified, parsed, send, sendNotModified } from './exchange.ts'
import { sendFile } from './sendFile.ts'
import type { StoredBlob } from './storage/medium.ts'

type Blob = Exchange<RouteOf<'blob'>>

/** end-2 */
export async function getBlob({ route, request, response, storage }: Blob): Promise<void> {
  const digest = parsed(() => parseDigest(route.digest))
  const blob = await storage.blob(route.name, digest)
  if (blob === undefined) throw unknown(digest)
  if (request.method === 'HEAD') storage.touch(route.name, digest)
  if (isNotModified(request, digest)) return sendNotModified(response, digest)
  const { size } = blob
  // A range is of what the client thinks it has the beginning of; where that is something else, it gets all.
  const known = request.headers['if-range']
  const same = known === undefined || known === etagOf(digest)
  const range = same ? rangeOf(request.headers.range, size, response) : undefined
  const { start, end } = range ?? { start: 0, end: size }
  const begin = () =>
    response.writeHead(range ? 206 : 200, {
      'accept-ranges': 'bytes',
      'content-type': 'application/octet-stream',
      'content-length': end - start,
      'docker-content-digest': digest,
      etag: etagOf(digest),
      ...(range && { 'content-range': writeContentRange(range, size) }),
    })
  if (request.method === 'HEAD') begin().end()
  else if (blob.path !== undefined) await sendFile(response, blob.path, { start, end }, begin)
  else await stream(response, blob, { start, end }, begin)
}

/** end-10 */
export async function deleteBlob({ route, response, storage }: Blob): Promise<void> {
  const digest = parsed(() => parseDigest(route.digest))
  if (!(await storage.deleteBlob(route.name, digest))) throw unknown(digest)
  send(response, 202, '')
}

function rangeOf(header: string | undefined, size: number, response: ServerResponse): ByteRange | undefined {
  try {
    return parseRange(header, size)
  } catch (error) {
    response.setHeader('content-range', `bytes */${size}`)
    throw new RegistryError('SIZE_INVALID', (error as Error).message, { got: header, status: 416 }, { cause: error })
  }
}

/** Writes as fast as the client reads, from when there is something to write; one that has gone ends it. */
async function stream(response: ServerResponse, blob: StoredBlob, range: ByteRange, begin: () => void): Promise<void> {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  let left = range.end - range.start
  for await (const chunk of blob.bytes(range)) {
    if (gone.signal.aborted) return
    if (!response.headersSent) begin()
    left -= chunk.length
    if (!response.write(chunk)) await once(response, 'drain', { signal: gone.signal }).catch(() => undefined)
  }
  if (!response.headersSent) begin()
  if (left === 0) response.end()
  else response.destroy()
}

function unknown(digest: string): RegistryError {
  return new RegistryError('BLOB_UNKNOWN', `no blob ${digest}`, { got: digest })
}
