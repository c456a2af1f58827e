import { setTimeout as sleep } from 'node:timers/promises'
import type { Bytes } from '../../bytes/bytes.ts'
import { verifierBeside } from '../../bytes/verified.ts'
import { isOciError, RegistryError } from '../../errors.ts'
import type { Descriptor } from '../../spec/descriptor.ts'
import { type Digest, shortDigest } from '../../spec/digest.ts'
import type { HttpResponse } from './http/message.ts'
import { isPassing, waitFor } from './http/retry.ts'
import { inPieces, skipping } from './pieces.ts'
import type { Session } from './session.ts'
import { parseUploadRange, writeChunkRange } from './wire/range.ts'

/** What is known of a blob before it is sent: nothing, when it is compressed on the way. */
export type Known = Partial<Pick<Descriptor, 'digest' | 'size'>>

export interface UploadOptions {
  /** The bytes once more from their beginning, to go on after a break. */
  again?: () => Bytes
  /** Sends pieces of so many bytes, each a request of its own, for registries behind something that takes no more. */
  chunkSize?: number
  signal?: AbortSignal
}

/** An upload that has begun: where it goes on, and how much the registry has of it. */
export interface Upload {
  readonly location: string
  readonly offset: number
  /** The registry wants pieces of at least so many bytes, but for the last. */
  readonly leastChunk: number
}

const RESUMES = 5
const OCTETS = { 'content-type': 'application/octet-stream' }

/** Begins an upload: POST. distribution-spec § Pushing blobs. */
export async function beginUpload(session: Session): Promise<Upload> {
  const headers = { 'content-length': '0' }
  const answer = await session.call({ kind: 'uploads', name: session.name }, { method: 'POST', headers }, 'push')
  await session.expect(answer, [202], nameOf(session), 'BLOB_UPLOAD_INVALID')
  return uploadOf(answer, 0)
}

export function uploadOf(answer: HttpResponse, offset: number): Upload {
  return { offset, location: locationOf(answer), leastChunk: Number(answer.header('oci-chunk-min-length')) || 0 }
}

/** Sends a blob, whose digest may only be known at its end, and goes on where a connection broke. */
export async function sendBlob(
  session: Session,
  bytes: Bytes,
  known: Known,
  options: UploadOptions = {},
  begun?: Upload,
): Promise<{ digest: Digest; size: number }> {
  let upload = begun ?? (await beginUpload(session))
  let source = bytes
  for (let breaks = 0; ; breaks++) {
    try {
      return await send(session, upload, source, known, options)
    } catch (error) {
      if (!options.again || breaks >= RESUMES || !isBreak(error, breaks)) {
        await cancel(session, upload)
        throw error
      }
      await sleep(waitFor(undefined, breaks + 1), undefined, { signal: options.signal })
      const left = await resumed(session, upload)
      // The last answer may have been lost on its way: then the blob is there, and its upload gone.
      if (left === undefined && known.digest && known.size !== undefined && (await isThere(session, known.digest)))
        return { digest: known.digest, size: known.size }
      upload = left ?? (await beginUpload(session))
      source = options.again()
    }
  }
}

/** A connection that broke, a registry that stumbled, a token that ended while the bytes were on their way. */
function isBreak(error: unknown, before: number): boolean {
  if (isPassing(error)) return true
  const status = isOciError(error) ? Number(error.data.status) : 0
  return [408, 416, 500, 502, 503, 504].includes(status) || (status === 401 && before === 0)
}

async function send(
  session: Session,
  upload: Upload,
  bytes: Bytes,
  known: Known,
  { chunkSize }: UploadOptions,
): Promise<{ digest: Digest; size: number }> {
  const check = verifierBeside(known, nameOf(session))
  let put: ReturnType<typeof check.end> | undefined
  async function* checked(): Bytes {
    for await (const chunk of bytes) {
      // Hashed while it is on its way.
      const hashed = check.update(chunk)
      hashed.catch(() => undefined)
      try {
        yield chunk
      } finally {
        // Also when nobody wants more: the chunk may be lent.
        await hashed
      }
    }
    // A registry that took wrong bytes without looking must not get the last of them.
    put = check.end()
  }
  const rest = skipping(checked(), upload.offset)
  const chunk = Math.max(chunkSize ?? 0, upload.leastChunk)
  const isWhole = known.digest !== undefined && upload.offset === 0 && chunk === 0
  const sent = isWhole
    ? await finish(session, upload, known.digest!, { ...OCTETS, ...lengthOf(known, 0) }, rest)
    : chunk > 0
      ? await inChunks(session, upload, rest, chunk)
      : await inOne(session, upload, rest, known)
  put ??= check.end()
  if (sent) await finish(session, sent, put.digest, { 'content-length': '0' })
  return put
}

/** PATCH with all that is left. */
async function inOne(session: Session, upload: Upload, body: Bytes, known: Known): Promise<Upload> {
  const range =
    upload.offset > 0 && known.size !== undefined
      ? { 'content-range': writeChunkRange({ start: upload.offset, end: known.size }) }
      : undefined
  const headers = { ...OCTETS, ...lengthOf(known, upload.offset), ...range }
  return patched(session, await session.callUrl(upload.location, { method: 'PATCH', headers, body }, 'push'))
}

/** PATCH after PATCH. distribution-spec § Pushing a blob in chunks. */
async function inChunks(session: Session, from: Upload, bytes: Bytes, size: number): Promise<Upload> {
  let upload = from
  for await (const body of inPieces(bytes, size)) {
    const range = { start: upload.offset, end: upload.offset + body.length }
    const headers = { ...OCTETS, 'content-length': String(body.length), 'content-range': writeChunkRange(range) }
    const answer = await session.callUrl(upload.location, { method: 'PATCH', headers, body }, 'push')
    upload = { ...(await patched(session, answer)), offset: range.end }
  }
  return upload
}

async function patched(session: Session, answer: HttpResponse): Promise<Upload> {
  await session.expect(answer, [202, 204], nameOf(session), 'BLOB_UPLOAD_INVALID')
  return uploadOf(answer, 0)
}

/** PUT, with the digest and whatever of the bytes was not sent before: only now the blob is there. */
async function finish(
  session: Session,
  { location }: Upload,
  digest: Digest,
  headers: Record<string, string>,
  body?: Bytes,
): Promise<void> {
  const url = new URL(location)
  url.searchParams.append('digest', digest)
  const answer = await session.callUrl(url.href, { method: 'PUT', headers, body }, 'push')
  await session.expect(answer, [201, 204], `${nameOf(session)}: blob ${shortDigest(digest)}`, 'DIGEST_INVALID')
}

/** How far the registry says the upload is; undefined when it knows nothing of it any more. */
async function resumed(session: Session, upload: Upload): Promise<Upload | undefined> {
  const answer = await session.callUrl(upload.location, { method: 'GET' }, 'push')
  await answer.body.dump()
  const offset = parseUploadRange(answer.header('range'))
  if (![200, 202, 204].includes(answer.status) || offset === undefined) return undefined
  const location = answer.header('location') === undefined ? upload.location : locationOf(answer)
  return { ...upload, location, offset }
}

async function isThere(session: Session, digest: Digest): Promise<boolean> {
  const answer = await session.call({ kind: 'blob', name: session.name, digest }, { method: 'HEAD' }, 'push')
  await answer.body.dump()
  return answer.status === 200
}

/** Not every registry can be told, and one that is gone needs not be: what went wrong is being said already. */
async function cancel(session: Session, { location }: Upload): Promise<void> {
  try {
    const answer = await session.callUrl(location, { method: 'DELETE' }, 'push')
    await answer.body.dump()
  } catch {
    // The registry forgets an upload by itself, in time.
  }
}

function lengthOf({ size }: Known, offset: number): Record<string, string> {
  return size === undefined ? {} : { 'content-length': String(size - offset) }
}

function locationOf(answer: HttpResponse): string {
  const location = answer.header('location')
  const url = location === undefined ? null : URL.parse(location, answer.url)
  if (url && (url.protocol === 'https:' || url.protocol === 'http:')) return url.href
  const where = answer.url
  throw new RegistryError('PROTOCOL', `${where}: an upload without a Location that is a web address`, {
    where,
    got: location,
  })
}

function nameOf({ host, name }: Session): string {
  return `upload to ${host}/${name}`
}
