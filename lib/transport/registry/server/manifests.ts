import { RegistryError } from '../../../errors.ts'
import { algorithmOf, type Digest, digestOf, isDigest, parseDigest } from '../../../spec/digest.ts'
import { type RouteOf, writeRoute } from '../wire/route.ts'
import { bodyOf, type Exchange, etagOf, isNotModified, parsed, send, sendNotModified } from './exchange.ts'
import { TAG } from './storage/repositoryIndex.ts'
import { MANIFEST_LIMIT } from './storage/storage.ts'

type Manifest = Exchange<RouteOf<'manifest'>>

/** end-3 */
export async function getManifest({ route, request, response, storage }: Manifest): Promise<void> {
  const { name, reference } = route
  const found = await storage.manifest(name, knownReference(reference))
  if (!found) throw unknown(name, reference)
  const { digest, mediaType } = found.descriptor
  if (isNotModified(request, digest)) return sendNotModified(response, digest)
  response.writeHead(200, {
    'content-type': mediaType,
    'content-length': found.raw.length,
    'docker-content-digest': digest,
    etag: etagOf(digest),
  })
  response.end(request.method === 'HEAD' ? undefined : found.raw)
}

/** end-7a, end-7b */
export async function putManifest({ route, request, response, storage }: Manifest): Promise<void> {
  const { name, tags = [] } = route
  const reference = route.reference.includes(':') ? checkedDigest(route.reference) : checkTag(route.reference)
  const byDigest = isDigest(reference)
  for (const tag of tags) checkTag(tag)
  const mediaType = request.headers['content-type']?.split(';')[0]?.trim() ?? ''
  const raw = await bodyOf(request, MANIFEST_LIMIT)
  if (byDigest) mustHaveDigest(raw, reference)
  const { digest, subject } = await storage.putManifest(name, raw, mediaType, {
    tags: byDigest ? tags : [reference, ...tags],
    algorithm: byDigest ? algorithmOf(reference) : undefined,
  })
  send(response, 201, '', {
    location: writeRoute({ kind: 'manifest', name, reference: digest }),
    'docker-content-digest': digest,
    'oci-subject': subject,
    'oci-tag': tags.length > 0 ? tags : undefined,
  })
}

/** end-9 */
export async function deleteManifest({ route, response, storage }: Manifest): Promise<void> {
  const { name, reference } = route
  if (!(await storage.deleteManifest(name, knownReference(reference)))) throw unknown(name, reference)
  send(response, 202, '')
}

/** What may name a manifest that is here; what can't be a tag names none. */
function knownReference(reference: string): string {
  if (reference.includes(':')) return checkedDigest(reference)
  if (TAG.test(reference)) return reference
  throw new RegistryError('MANIFEST_UNKNOWN', `no manifest ${reference}: not a tag`, { got: reference })
}

function checkedDigest(text: string): Digest {
  return parsed(() => parseDigest(text))
}

function checkTag(tag: string): string {
  if (TAG.test(tag)) return tag
  throw new RegistryError('MANIFEST_INVALID', `not a tag (want at most 128 letters, digits, _ . -)`, { got: tag })
}

function mustHaveDigest(raw: Uint8Array, want: Digest): void {
  const got = digestOf(raw, algorithmOf(want))
  if (got !== want)
    throw new RegistryError('DIGEST_INVALID', `the manifest is not what its digest says (want ${want}, got ${got})`, {
      want,
      got,
    })
}

function unknown(name: string, reference: string): RegistryError {
  return new RegistryError('MANIFEST_UNKNOWN', `${name}: no manifest ${reference}`, { got: reference })
}
