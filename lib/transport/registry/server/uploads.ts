import type { IncomingMessage } from 'node:http'
import { RegistryError } from '../../../errors.ts'
import { type Algorithm, algorithmOf, type Digest, parseDigest } from '../../../spec/digest.ts'
import { parseContentRange, writeUploadRange } from '../wire/range.ts'
import { type RouteOf, writeRoute } from '../wire/route.ts'
import { type Exchange, type Headers, parsed, requestBytes, send } from './exchange.ts'
import type { Upload } from './storage/upload.ts'

type Uploads = Exchange<RouteOf<'uploads'>>
type OneUpload = Exchange<RouteOf<'upload'>>

/** end-4a, end-4b, end-4c, end-11 */
export async function beginUpload(exchange: Uploads): Promise<void> {
  const { route, request, response, storage } = exchange
  const { name, mount, from } = route
  const whole = route.digest === undefined ? undefined : checkedDigest(route.digest)
  const algorithm = whole ? algorithmOf(whole) : checkedAlgorithm(route.algorithm)
  if (mount !== undefined) {
    const digest = checkedDigest(mount)
    if (await mounted(exchange, digest, from)) return created(exchange, digest)
  }
  const upload = await storage.beginUpload(name, algorithm)
  if (whole === undefined) return send(response, 202, '', progress(upload))
  try {
    await upload.append(requestBytes(request))
  } catch (error) {
    // Nobody was told its id: there is no coming back to it.
    await storage.cancelUpload(upload)
    throw error
  }
  await storage.finishUpload(upload, whole)
  created(exchange, whole)
}

/** end-13 */
export async function uploadStatus({ route, response, storage }: OneUpload): Promise<void> {
  send(response, 204, '', progress(storage.upload(route.name, route.id)))
}

/** end-5 */
export async function appendUpload(exchange: OneUpload): Promise<void> {
  const { route, response, storage } = exchange
  const upload = storage.upload(route.name, route.id)
  await upload.inTurn(() => receive(exchange, upload))
  send(response, 202, '', progress(upload))
}

/** end-6 */
export async function finishUpload(exchange: OneUpload): Promise<void> {
  const { route, storage } = exchange
  const upload = storage.upload(route.name, route.id)
  const digest = checkedDigest(route.digest)
  await upload.inTurn(async () => {
    await receive(exchange, upload)
    // It may have been finished or cancelled while we waited for our turn.
    await storage.finishUpload(storage.upload(route.name, route.id), digest)
  })
  created(exchange, digest)
}

/** end-14 */
export async function cancelUpload({ route, response, storage }: OneUpload): Promise<void> {
  const upload = storage.upload(route.name, route.id)
  await upload.inTurn(() => storage.cancelUpload(upload))
  send(response, 204, '')
}

/** Takes a chunk, which must begin where the last one ended. */
async function receive({ route, request, response, storage }: OneUpload, upload: Upload): Promise<void> {
  mustBeInOrder(request, upload, headers => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value as string)
  })
  try {
    await upload.append(requestBytes(request))
  } catch (error) {
    // A client that went away may come back and go on; bytes that could not be kept are lost.
    if (request.errored === null) await storage.cancelUpload(storage.upload(route.name, route.id))
    throw error
  }
}

function mustBeInOrder(request: IncomingMessage, upload: Upload, tell: (headers: Headers) => void): void {
  const said = request.headers['content-range']
  if (said === undefined) return
  const range = parseContentRange(said)
  const length = Number(request.headers['content-length'] ?? Number.NaN)
  if (range?.start === upload.size && (Number.isNaN(length) || length === range.end - range.start)) return
  tell(progress(upload))
  throw new RegistryError('SIZE_INVALID', `chunk out of order (want from ${upload.size}, got ${said})`, {
    want: upload.size,
    got: said,
    status: 416,
  })
}

/** A blob of a repository that the client may not read is as good as none. */
async function mounted({ route, storage, visitor }: Uploads, digest: Digest, from?: string): Promise<boolean> {
  const { readable } = visitor
  if (readable === 'all') return storage.mount(route.name, digest, from)
  for (const name of readable)
    if ((from === undefined || from === name) && (await storage.mount(route.name, digest, name))) return true
  return false
}

function created({ route: { name }, response }: Uploads | OneUpload, digest: Digest): void {
  send(response, 201, '', { location: writeRoute({ kind: 'blob', name, digest }), 'docker-content-digest': digest })
}

function progress({ name, id, size }: Upload): Headers {
  return {
    location: writeRoute({ kind: 'upload', name, id }),
    range: writeUploadRange(size),
    'docker-upload-uuid': id,
  }
}

function checkedDigest(text: string | undefined): Digest {
  return parsed(() => parseDigest(text))
}

function checkedAlgorithm(text: string | undefined): Algorithm | undefined {
  if (text === undefined || text === 'sha256' || text === 'sha512') return text
  throw new RegistryError('DIGEST_INVALID', `digest-algorithm ${JSON.stringify(text)}: want sha256 or sha512`)
}
