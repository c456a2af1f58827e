import type { IncomingMessage, ServerResponse } from 'node:http'
import { collect } from '../../../bytes/collect.ts'
import { fileBytes } from '../../../bytes/file.ts'
import { isOciError, RegistryError } from '../../../errors.ts'
import { type Digest, digestOf, isDigest, parseDigest } from '../../../spec/digest.ts'
import { detectMediaType, parseIndex, parseManifest } from '../../../spec/manifest.ts'
import { isIndexType } from '../../../spec/mediaTypes.ts'
import { parseContentRange, parseRange } from '../wire/range.ts'
import { type Route, writeRoute } from '../wire/route.ts'
import type { Storage } from './storage.ts'

/** One request as an endpoint sees it. */
export interface Exchange<R extends Route = Route> {
  route: R
  query: URLSearchParams
  request: IncomingMessage
  response: ServerResponse
  storage: Storage
}

type Endpoint<R extends Route> = (exchange: Exchange<R>) => Promise<void>
type Of<K extends Route['kind']> = Extract<Route, { kind: K }>
type Table = { [K in Route['kind']]?: Partial<Record<string, Endpoint<Of<K>>>> }

const MANIFEST_LIMIT = 4 << 20

/** Every endpoint of the registry: what is asked for, and by which method. distribution-spec § Endpoints. */
export const endpoints: Table = {
  base: { GET: async ({ response }) => send(response, 200, '{}') },
  manifest: { GET: getManifest, HEAD: getManifest, PUT: putManifest, DELETE: deleteManifest },
  blob: { GET: getBlob, HEAD: getBlob },
  uploads: { POST: beginUpload },
  upload: { GET: uploadStatus, PATCH: appendUpload, PUT: finishUpload, DELETE: cancelUpload },
  tags: { GET: listTags },
}

async function getManifest({
  route: { name, reference },
  request,
  response,
  storage,
}: Exchange<Of<'manifest'>>): Promise<void> {
  const found = await storage.findManifest(name, reference, isDigest(reference))
  if (!found) throw new RegistryError('MANIFEST_UNKNOWN', 'manifest unknown', { got: reference })
  const size = await storage.blobSize(found.digest)
  response.writeHead(200, {
    'content-type': found.mediaType,
    'content-length': size,
    'docker-content-digest': found.digest,
    etag: `"${found.digest}"`,
  })
  if (request.method === 'HEAD') response.end()
  else await stream(response, storage, found.digest, 0, size!)
}

async function putManifest({
  route: { name, reference },
  request,
  response,
  storage,
}: Exchange<Of<'manifest'>>): Promise<void> {
  const raw = await collect(request, MANIFEST_LIMIT)
  const tag = isDigest(reference) ? undefined : checkTag(reference)
  const digest = digestOf(raw)
  if (tag === undefined && digest !== reference)
    throw new RegistryError('DIGEST_INVALID', 'the manifest is not what its digest says', {
      want: reference,
      got: digest,
    })
  const mediaType = request.headers['content-type'] ?? detectMediaType(raw)
  for (const blob of partsOf(raw, mediaType))
    if ((await storage.blobSize(blob)) === undefined)
      throw new RegistryError('MANIFEST_BLOB_UNKNOWN', 'manifest references a blob unknown to registry', { got: blob })
  await storage.putManifest(name, tag, digest, mediaType, raw)
  send(response, 201, '', {
    location: writeRoute({ kind: 'manifest', name, reference: digest }),
    'docker-content-digest': digest,
  })
}

function partsOf(raw: Uint8Array, mediaType: string): Digest[] {
  if (isIndexType(mediaType)) return parseIndex(raw, 'manifest', mediaType).manifests.map(it => it.digest)
  const { config, layers } = parseManifest(raw, 'manifest', mediaType)
  // Layers that live elsewhere need not be here.
  return [config, ...layers.filter(layer => !layer.urls?.length)].map(it => it.digest)
}

async function deleteManifest({
  route: { name, reference },
  response,
  storage,
}: Exchange<Of<'manifest'>>): Promise<void> {
  const deleted = await storage.deleteManifest(name, reference, isDigest(reference))
  if (!deleted) throw new RegistryError('MANIFEST_UNKNOWN', 'manifest unknown', { got: reference })
  send(response, 202, '')
}

async function getBlob({ route, request, response, storage }: Exchange<Of<'blob'>>): Promise<void> {
  const digest = parseDigest(route.digest)
  const size = await storage.blobSize(digest)
  if (size === undefined) throw new RegistryError('BLOB_UNKNOWN', 'blob unknown to registry', { got: digest })
  const range = parseRange(request.headers.range, size)
  const { start, end } = range ?? { start: 0, end: size }
  response.writeHead(range ? 206 : 200, {
    'content-type': 'application/octet-stream',
    'content-length': end - start,
    'docker-content-digest': digest,
    'accept-ranges': 'bytes',
    ...(range && { 'content-range': `bytes ${start}-${end - 1}/${size}` }),
  })
  if (request.method === 'HEAD') response.end()
  else await stream(response, storage, digest, start, end)
}

async function beginUpload({
  route: { name },
  query,
  request,
  response,
  storage,
}: Exchange<Of<'uploads'>>): Promise<void> {
  const [mount, whole] = [query.get('mount'), query.get('digest')]
  if (mount !== null && isDigest(mount) && (await storage.blobSize(mount)) !== undefined)
    return created(response, name, mount)
  const id = await storage.begin()
  if (whole !== null) return finish(response, storage, name, id, parseDigest(whole), request)
  accepted(response, name, id, 0)
}

async function uploadStatus({ route: { name, id }, response, storage }: Exchange<Of<'upload'>>): Promise<void> {
  send(response, 204, '', progress(name, id, await storage.uploaded(id)))
}

async function appendUpload({
  route: { name, id },
  request,
  response,
  storage,
}: Exchange<Of<'upload'>>): Promise<void> {
  await inOrder(request, response, name, id, storage)
  accepted(response, name, id, await storage.append(id, request))
}

async function finishUpload({
  route: { name, id },
  query,
  request,
  response,
  storage,
}: Exchange<Of<'upload'>>): Promise<void> {
  const digest = parseDigest(query.get('digest'))
  await inOrder(request, response, name, id, storage)
  await finish(response, storage, name, id, digest, request)
}

async function cancelUpload({ route: { id }, response, storage }: Exchange<Of<'upload'>>): Promise<void> {
  await storage.cancel(id)
  send(response, 204, '')
}

async function listTags({ route: { name }, query, response, storage }: Exchange<Of<'tags'>>): Promise<void> {
  const all = await storage.tags(name)
  if (all === undefined) throw new RegistryError('NAME_UNKNOWN', 'repository name not known to registry', { got: name })
  const limit = query.get('n') === null ? all.length : Number(query.get('n'))
  if (!Number.isInteger(limit) || limit < 0)
    throw new RegistryError('UNSUPPORTED', 'n: want a number', { got: query.get('n') })
  const rest = all.filter(tag => tag > (query.get('last') ?? ''))
  const tags = rest.slice(0, limit)
  const more = tags.length > 0 && tags.length < rest.length
  const next = `${writeRoute({ kind: 'tags', name })}?n=${limit}&last=${tags.at(-1)}`
  send(response, 200, JSON.stringify({ name, tags }), more ? { link: `<${next}>; rel="next"` } : {})
}

async function finish(
  response: ServerResponse,
  storage: Storage,
  name: string,
  id: string,
  digest: Digest,
  bytes: IncomingMessage,
): Promise<void> {
  await storage.append(id, bytes)
  try {
    await storage.finish(id, digest)
  } catch (error) {
    if (!isOciError(error, 'DIGEST_INVALID')) throw error
    throw new RegistryError('DIGEST_INVALID', 'provided digest did not match uploaded content', error.data, {
      cause: error,
    })
  }
  created(response, name, digest)
}

/** A chunk must begin where the last one ended. */
async function inOrder(
  request: IncomingMessage,
  response: ServerResponse,
  name: string,
  id: string,
  storage: Storage,
): Promise<void> {
  const offset = await storage.uploaded(id)
  const said = request.headers['content-range']
  if (said === undefined || parseContentRange(said)?.start === offset) return
  for (const [header, value] of Object.entries(progress(name, id, offset))) response.setHeader(header, value)
  throw new RegistryError('SIZE_INVALID', `chunk out of order (want from ${offset})`, {
    want: offset,
    got: said,
    status: 416,
  })
}

function accepted(response: ServerResponse, name: string, id: string, size: number): void {
  send(response, 202, '', progress(name, id, size))
}

function created(response: ServerResponse, name: string, digest: Digest): void {
  send(response, 201, '', { location: writeRoute({ kind: 'blob', name, digest }), 'docker-content-digest': digest })
}

function progress(name: string, id: string, size: number): Record<string, string> {
  return {
    location: writeRoute({ kind: 'upload', name, id }),
    range: `0-${Math.max(size - 1, 0)}`,
    'docker-upload-uuid': id,
  }
}

function checkTag(tag: string): string {
  if (/^\w[\w.-]{0,127}$/.test(tag)) return tag
  throw new RegistryError('MANIFEST_INVALID', 'not a tag', { want: 'letters, digits, _ . -', got: tag })
}

async function stream(
  response: ServerResponse,
  storage: Storage,
  digest: Digest,
  start: number,
  end: number,
): Promise<void> {
  for await (const chunk of fileBytes(storage.blobs.path(digest), { start, end }))
    if (!response.write(chunk)) await new Promise(resolve => response.once('drain', resolve).once('close', resolve))
  response.end()
}

export function send(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Record<string, string> = {},
): void {
  const type = body === '' ? {} : { 'content-type': 'application/json' }
  response.writeHead(status, { ...type, 'content-length': Buffer.byteLength(body), ...headers }).end(body)
}
