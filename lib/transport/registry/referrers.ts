import type { Descriptor } from '../../spec/descriptor.ts'
import { algorithmOf, type Digest, hexOf } from '../../spec/digest.ts'
import { parseJson } from '../../spec/goJson.ts'
import { type Index, type Manifest, parseIndex, parseManifest, writeIndex } from '../../spec/manifest.ts'
import { isIndexType, OCI_EMPTY, OCI_INDEX } from '../../spec/mediaTypes.ts'
import type { FetchedManifest } from './client.ts'
import type { HttpResponse } from './http/message.ts'
import { eachPage } from './pages.ts'
import type { Session } from './session.ts'
import { writeRoute } from './wire/route.ts'

/** What is needed of a repository to keep a list of referrers in it by hand. */
interface Repository {
  findManifest(reference: string): Promise<FetchedManifest | undefined>
  pushManifest(reference: string, mediaType: string, raw: Uint8Array): Promise<Descriptor>
}

/** The tag under which clients keep the list where the registry does not. distribution-spec § Referrers Tag Schema. */
export function referrersTag(digest: Digest): string {
  return `${algorithmOf(digest)}-${hexOf(digest).slice(0, 64)}`
}

/** What refers to a manifest as its subject: asked of the registry, or else of the list under the tag. */
export async function referrersOf(
  repository: Pick<Repository, 'findManifest'>,
  session: Session,
  digest: Digest,
  artifactType?: string,
): Promise<Descriptor[]> {
  const list: Descriptor[] = []
  const url = (await session.baseUrl()) + writeRoute({ kind: 'referrers', name: session.name, digest, artifactType })
  const isKnown = await eachPage(
    session,
    url,
    (body, where) => void list.push(...parseIndex(body, where).manifests),
    true,
  )
  const all = isKnown ? list : await listUnder(repository, digest)
  // A registry need not filter, and some filter by other rules: it costs nothing to look again.
  return artifactType === undefined ? all : all.filter(it => it.artifactType === artifactType)
}

async function listUnder(repository: Pick<Repository, 'findManifest'>, digest: Digest): Promise<Descriptor[]> {
  return (await indexUnder(repository, referrersTag(digest)))?.manifests ?? []
}

async function indexUnder(repository: Pick<Repository, 'findManifest'>, tag: string): Promise<Index | undefined> {
  const found = await repository.findManifest(tag)
  return found && isIndexType(found.descriptor.mediaType) ? parseIndex(found.raw, tag) : undefined
}

/** True when the answer to a push says that the registry keeps the list itself. */
export function isSubjectKnown(answer: HttpResponse): boolean {
  return answer.header('oci-subject') !== undefined
}

/** Adds a manifest that was just pushed to the list of its subject, if it has one. */
export async function addReferrer(repository: Repository, descriptor: Descriptor, raw: Uint8Array): Promise<void> {
  const parsed = parsedOf(descriptor, raw)
  const subject = parsed?.subject
  if (subject === undefined) return
  const tag = referrersTag(subject.digest)
  const index = (await indexUnder(repository, tag)) ?? { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [] }
  if (index.manifests.some(it => it.digest === descriptor.digest)) return
  const entry: Descriptor = {
    ...descriptor,
    ...(artifactTypeOf(parsed!) !== undefined && { artifactType: artifactTypeOf(parsed!) }),
    ...(parsed!.annotations && { annotations: parsed!.annotations }),
  }
  await repository.pushManifest(tag, OCI_INDEX, writeIndex({ ...index, manifests: [...index.manifests, entry] }))
}

/** Takes a manifest that was deleted out of the list of its subject. */
export async function removeReferrer(repository: Repository, { descriptor, raw }: FetchedManifest): Promise<void> {
  const subject = parsedOf(descriptor, raw)?.subject
  if (subject === undefined) return
  const tag = referrersTag(subject.digest)
  const index = await indexUnder(repository, tag)
  const manifests = index?.manifests.filter(it => it.digest !== descriptor.digest) ?? []
  if (index === undefined || manifests.length === index.manifests.length) return
  await repository.pushManifest(tag, OCI_INDEX, writeIndex({ ...index, manifests }))
}

/** An artifact without a type of its own goes by that of its config. distribution-spec § Listing Referrers. */
function artifactTypeOf(it: Manifest | Index): string | undefined {
  if (it.artifactType !== undefined) return it.artifactType
  return 'config' in it && it.config.mediaType !== OCI_EMPTY ? it.config.mediaType : undefined
}

function parsedOf({ mediaType }: Descriptor, raw: Uint8Array): Manifest | Index | undefined {
  // Most manifests have no subject, and need not be understood for that.
  const json = parseJson(raw, 'manifest', 'MANIFEST_INVALID') as { subject?: unknown } | null
  if (!json?.subject) return undefined
  return isIndexType(mediaType) ? parseIndex(raw, 'manifest') : parseManifest(raw, 'manifest')
}
