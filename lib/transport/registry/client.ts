import type { Bytes } from '../../bytes/bytes.ts'
import { collect } from '../../bytes/collect.ts'
import { verified } from '../../bytes/verified.ts'
import { RegistryError } from '../../errors.ts'
import type { ReadHow } from '../../image/image.ts'
import type { Descriptor } from '../../spec/descriptor.ts'
import { algorithmOf, type Digest, digestOf, isDigest, parseDigest, shortDigest } from '../../spec/digest.ts'
import { detectMediaType } from '../../spec/manifest.ts'
import {
  DOCKER_LIST,
  DOCKER_MANIFEST,
  DOCKER_SCHEMA1,
  DOCKER_SCHEMA1_UNSIGNED,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../../spec/mediaTypes.ts'
import { download } from './download.ts'
import type { HttpResponse } from './http/message.ts'
import { listPages } from './pages.ts'
import { addReferrer, isSubjectKnown, referrersOf, removeReferrer } from './referrers.ts'
import { type ClientOptions, Session } from './session.ts'
import { type Known, sendBlob, type Upload, type UploadOptions, uploadOf } from './upload.ts'
import { parseCatalog, parseTagList } from './wire/lists.ts'

export type { ClientOptions } from './session.ts'

// The six that skopeo names, in its order.
const ACCEPT = [OCI_MANIFEST, DOCKER_MANIFEST, DOCKER_SCHEMA1, DOCKER_SCHEMA1_UNSIGNED, DOCKER_LIST, OCI_INDEX].join(
  ', ',
)
const MANIFEST_LIMIT = 4 << 20

/** A manifest, and what is known of it. */
export interface FetchedManifest {
  readonly raw: Uint8Array
  readonly descriptor: Descriptor
}

/** Speaks to one repository of a registry. distribution-spec. */
export class RegistryClient {
  readonly host: string
  readonly name: string
  private readonly session: Session
  private readonly signal: AbortSignal | undefined
  // Uploads that began because a mount was not to be had.
  private readonly begun = new Map<Digest, Upload>()

  constructor(host: string, name: string, options: ClientOptions & { mountFrom?: string } = {}) {
    this.host = host
    this.name = name
    this.session = new Session(host, name, options)
    this.signal = options.signal
  }

  close(): void {
    this.session.close()
  }

  /** Tries the credentials. Throws `UNAUTHORIZED`. */
  checkIn(): Promise<void> {
    return this.session.checkIn()
  }

  /** A manifest by tag or digest, checked against whichever digest is known. ≙ `curl …/manifests/v0` */
  async manifest(reference: string): Promise<FetchedManifest> {
    const found = await this.findManifest(reference)
    if (found) return found
    const where = this.nameOf(reference)
    throw new RegistryError('MANIFEST_UNKNOWN', `${where}: manifest unknown`, { where, status: 404 })
  }

  /** The same; undefined when there is none. */
  async findManifest(reference: string): Promise<FetchedManifest | undefined> {
    const answer = await this.askManifest(reference, 'GET')
    if (answer === undefined) return undefined
    const where = this.nameOf(reference)
    const raw = await collect(answer.body, MANIFEST_LIMIT, where)
    const want = this.digestSaid(reference, answer)
    const got = digestOf(raw, want && algorithmOf(want))
    if (want !== undefined && got !== want)
      throw new RegistryError(
        'DIGEST_INVALID',
        `${where}: the manifest is not what its digest says (want ${shortDigest(want)}, got ${shortDigest(got)})`,
        { want, got, where },
      )
    return { raw, descriptor: { mediaType: detectMediaType(raw, where), digest: got, size: raw.length } }
  }

  /** The digest of a manifest, without its bytes; undefined when there is none. ≙ `crane digest` */
  async manifestDigest(reference: string): Promise<Digest | undefined> {
    const answer = await this.askManifest(reference, 'HEAD')
    if (answer === undefined) return undefined
    await answer.body.dump()
    return this.digestSaid(reference, answer) ?? (await this.manifest(reference)).descriptor.digest
  }

  /** ≙ `curl -I …/blobs/DIGEST` */
  async hasBlob(digest: Digest): Promise<boolean> {
    const answer = await this.session.call({ kind: 'blob', name: this.name, digest }, { method: 'HEAD' }, 'pull')
    await answer.body.dump()
    if (answer.status === 404) return false
    await this.session.expect(answer, [200], `${this.host}/${this.name}: blob ${shortDigest(digest)}`, 'BLOB_UNKNOWN')
    return true
  }

  /** A blob's bytes, verified, unless they are only lent; a broken download goes on where it broke. */
  blob(blob: Pick<Descriptor, 'digest' | 'size'>, { lent = false }: ReadHow = {}): Bytes {
    const where = `${this.host}/${this.name}: blob ${shortDigest(blob.digest)}`
    const bytes = download(this.session, blob, { lend: lent, signal: this.signal })
    return lent ? bytes : verified(bytes, blob, where)
  }

  /** Gives the repository a blob that another one of the registry has, without moving it. False when that is not to be had. */
  async mountBlob(digest: Digest, from: string): Promise<boolean> {
    const route = { kind: 'uploads', name: this.name, mount: digest, from } as const
    const answer = await this.session.call(route, { method: 'POST', headers: { 'content-length': '0' } }, 'push')
    const where = `${this.host}/${this.name}: blob ${shortDigest(digest)}`
    await this.session.expect(answer, [201, 202], where, 'BLOB_UPLOAD_INVALID')
    if (answer.status === 202) this.begun.set(digest, uploadOf(answer, 0))
    return answer.status === 201
  }

  /** Uploads a blob whose digest may only be known at its end: POST, then PUT; or PATCH with the bytes, and PUT with the digest. */
  async pushBlob(
    bytes: Bytes,
    known: Known = {},
    options: UploadOptions = {},
  ): Promise<{ digest: Digest; size: number }> {
    const begun = known.digest && this.begun.get(known.digest)
    if (known.digest) this.begun.delete(known.digest)
    return sendBlob(this.session, bytes, known, { signal: this.signal, ...options }, begun)
  }

  /** ≙ the last request of a push: only now can the image be seen. */
  async pushManifest(reference: string, mediaType: string, raw: Uint8Array): Promise<Descriptor> {
    const answer = await this.session.call(
      { kind: 'manifest', name: this.name, reference },
      { method: 'PUT', headers: { 'content-type': mediaType }, body: raw, repeatable: true },
      'push',
    )
    await this.session.expect(answer, [201, 202, 204], this.nameOf(reference), 'MANIFEST_INVALID')
    const digest = digestOf(raw, isDigest(reference) ? algorithmOf(reference) : undefined)
    const descriptor = { mediaType, digest, size: raw.length }
    if (!isSubjectKnown(answer)) await addReferrer(this, descriptor, raw)
    return descriptor
  }

  /** Takes a tag away, or a manifest with all its tags. */
  async deleteManifest(reference: string): Promise<void> {
    const before = isDigest(reference) ? await this.findManifest(reference) : undefined
    await this.delete({ kind: 'manifest', name: this.name, reference }, this.nameOf(reference), 'MANIFEST_UNKNOWN')
    if (before) await removeReferrer(this, before)
  }

  async deleteBlob(digest: Digest): Promise<void> {
    const where = `${this.host}/${this.name}: blob ${shortDigest(digest)}`
    await this.delete({ kind: 'blob', name: this.name, digest }, where, 'BLOB_UNKNOWN')
  }

  /** All tags, page by page. ≙ `skopeo list-tags` */
  tags(): Promise<string[]> {
    return listPages(this.session, { kind: 'tags', name: this.name }, parseTagList)
  }

  /** All repositories of the registry. ≙ `crane catalog` */
  catalog(): Promise<string[]> {
    return listPages(this.session, { kind: 'catalog' }, parseCatalog)
  }

  /** What was attached to a manifest. ≙ `oras discover` */
  referrers(digest: Digest, artifactType?: string): Promise<Descriptor[]> {
    return referrersOf(this, this.session, digest, artifactType)
  }

  private async askManifest(reference: string, method: 'GET' | 'HEAD'): Promise<HttpResponse | undefined> {
    const route = { kind: 'manifest', name: this.name, reference } as const
    const answer = await this.session.call(route, { method, headers: { accept: ACCEPT } }, 'pull')
    if (answer.status === 404) return void (await answer.body.dump())
    await this.session.expect(answer, [200], this.nameOf(reference), 'MANIFEST_UNKNOWN')
    return answer
  }

  private digestSaid(reference: string, answer: HttpResponse): Digest | undefined {
    if (isDigest(reference)) return reference
    const said = answer.header('docker-content-digest')
    return said === undefined ? undefined : parseDigest(said, `${this.nameOf(reference)}: Docker-Content-Digest`)
  }

  private async delete(route: DeleteRoute, where: string, code: 'MANIFEST_UNKNOWN' | 'BLOB_UNKNOWN'): Promise<void> {
    const answer = await this.session.call(route, { method: 'DELETE' }, 'delete')
    await this.session.expect(answer, [202, 200, 204], where, answer.status === 405 ? 'UNSUPPORTED' : code)
    await answer.body.dump()
  }

  private nameOf(reference: string): string {
    return `${this.host}/${this.name}${isDigest(reference) ? '@' : ':'}${reference}`
  }
}

type DeleteRoute =
  | { kind: 'manifest'; name: string; reference: string }
  | { kind: 'blob'; name: string; digest: string }
