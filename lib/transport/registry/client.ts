import type { Bytes } from '../../bytes/bytes.ts'
import { collect } from '../../bytes/collect.ts'
import { verified } from '../../bytes/verified.ts'
import { type ErrorCode, isOciError, RegistryError } from '../../errors.ts'
import type { Options } from '../../events.ts'
import type { Descriptor } from '../../spec/descriptor.ts'
import { algorithmOf, type Digest, digester, digestOf, isDigest, parseDigest, shortDigest } from '../../spec/digest.ts'
import { parseJson } from '../../spec/goJson.ts'
import { detectMediaType } from '../../spec/manifest.ts'
import {
  DOCKER_LIST,
  DOCKER_MANIFEST,
  DOCKER_SCHEMA1,
  DOCKER_SCHEMA1_UNSIGNED,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../../spec/mediaTypes.ts'
import { Authenticator, isLoopback } from './auth.ts'
import type { Credentials } from './credentials.ts'
import { type HttpRequest, type HttpResponse, httpClient } from './http.ts'
import { parseErrors } from './wire/errors.ts'
import { type Route, writeRoute } from './wire/route.ts'

// The six that skopeo names, in its order.
const ACCEPT = [OCI_MANIFEST, DOCKER_MANIFEST, DOCKER_SCHEMA1, DOCKER_SCHEMA1_UNSIGNED, DOCKER_LIST, OCI_INDEX].join(
  ', ',
)
const MANIFEST_LIMIT = 4 << 20
const ANSWER_LIMIT = 1 << 20
const RESUMES = 5

export interface ClientOptions extends Options {
  credentials?: Credentials
  /** Plain HTTP, and certificates nobody vouches for, are accepted. */
  insecure?: boolean
}

/** Speaks to one repository of a registry. distribution-spec. */
export class RegistryClient {
  readonly host: string
  readonly name: string
  private readonly http: ReturnType<typeof httpClient>
  private readonly auth: Authenticator
  private readonly insecure: boolean
  private base: Promise<string> | undefined

  constructor(host: string, name: string, options: ClientOptions = {}) {
    this.host = host
    this.name = name
    this.http = httpClient(options)
    this.auth = new Authenticator(this.http.send, options.credentials)
    this.insecure = options.insecure ?? false
  }

  close(): Promise<void> {
    return this.http.close()
  }

  /** A manifest by tag or digest, checked against whichever digest is known. ≙ `curl …/manifests/v0` */
  async manifest(reference: string): Promise<{ raw: Uint8Array; descriptor: Descriptor }> {
    const answer = await this.call(
      { kind: 'manifest', name: this.name, reference },
      { method: 'GET', headers: { accept: ACCEPT } },
      'pull',
    )
    const where = `${this.host}/${this.name}:${reference}`
    await this.expect(answer, [200], where, 'MANIFEST_UNKNOWN')
    const raw = await collect(answer.body, MANIFEST_LIMIT)
    const said = answer.header('docker-content-digest')
    const want = isDigest(reference)
      ? reference
      : said === undefined
        ? digestOf(raw)
        : parseDigest(said, `${where}: Docker-Content-Digest`)
    const got = digestOf(raw, algorithmOf(want))
    if (got !== want)
      throw new RegistryError(
        'DIGEST_INVALID',
        `${where}: the manifest is not what its digest says (want ${shortDigest(want)}, got ${shortDigest(got)})`,
        { want, got, where },
      )
    return { raw, descriptor: { mediaType: detectMediaType(raw, where), digest: want, size: raw.length } }
  }

  /** ≙ `curl -I …/blobs/DIGEST` */
  async hasBlob(digest: Digest): Promise<boolean> {
    const answer = await this.call({ kind: 'blob', name: this.name, digest }, { method: 'HEAD' }, 'pull')
    await answer.body.dump()
    if (answer.status === 404) return false
    await this.expect(answer, [200], `blob ${shortDigest(digest)}`, 'BLOB_UNKNOWN')
    return true
  }

  /** A blob's bytes, verified; a broken download goes on where it broke. */
  blob(blob: Pick<Descriptor, 'digest' | 'size'>): Bytes {
    return verified(this.resumed(blob), blob, `${this.host}/${this.name}: blob ${shortDigest(blob.digest)}`)
  }

  private async *resumed(blob: Pick<Descriptor, 'digest' | 'size'>): Bytes {
    let offset = 0
    for (let attempt = 0; ; attempt++) {
      try {
        for await (const chunk of this.from(blob, offset)) {
          yield chunk
          offset += chunk.length
        }
        // A body cut short without an error is as good as a broken one.
        if (offset >= blob.size || attempt >= RESUMES) return
      } catch (error) {
        if (attempt >= RESUMES || isOciError(error)) throw error
      }
    }
  }

  private async *from({ digest, size }: Pick<Descriptor, 'digest' | 'size'>, offset: number): Bytes {
    const headers: Record<string, string> = offset > 0 ? { range: `bytes=${offset}-${size - 1}` } : {}
    const answer = await this.call({ kind: 'blob', name: this.name, digest }, { method: 'GET', headers }, 'pull')
    await this.expect(answer, [200, 206], `blob ${shortDigest(digest)}`, 'BLOB_UNKNOWN')
    // A server that ignores the range starts anew, or somewhere else: what we have already is skipped.
    const start =
      answer.status === 206 ? Number(/^bytes (\d+)-/.exec(answer.header('content-range') ?? '')?.[1] ?? offset) : 0
    if (start > offset)
      throw new RegistryError('PROTOCOL', `blob ${shortDigest(digest)}: asked for byte ${offset}, got ${start}`, {
        want: offset,
        got: start,
      })
    let skip = offset - start
    for await (const chunk of answer.body) {
      if (skip < chunk.length) yield skip === 0 ? chunk : chunk.subarray(skip)
      skip = Math.max(skip - chunk.length, 0)
    }
  }

  /** Uploads a blob whose digest may only be known at its end: POST, PATCH with the bytes, PUT with the digest. */
  async pushBlob(
    bytes: Bytes,
    known?: Partial<Pick<Descriptor, 'digest' | 'size'>>,
  ): Promise<{ digest: Digest; size: number }> {
    const hash = digester(known?.digest ? algorithmOf(known.digest) : 'sha256')
    let size = 0
    const started = await this.call(
      { kind: 'uploads', name: this.name },
      { method: 'POST', headers: { 'content-length': '0' } },
      'push,pull',
    )
    await this.expect(started, [202], `upload to ${this.name}`, 'BLOB_UPLOAD_INVALID')
    async function* counted(): Bytes {
      for await (const chunk of bytes) {
        size += chunk.length
        hash.update(chunk)
        yield chunk
      }
    }
    const length: Record<string, string> = known?.size === undefined ? {} : { 'content-length': String(known.size) }
    const headers = { 'content-type': 'application/octet-stream', ...length }
    const patched = await this.callUrl(
      this.locationOf(started),
      { method: 'PATCH', headers, body: counted() },
      'push,pull',
    )
    await this.expect(patched, [202, 204], `upload to ${this.name}`, 'BLOB_UPLOAD_INVALID')
    const digest = known?.digest ?? hash.digest()
    const url = new URL(this.locationOf(patched))
    url.searchParams.set('digest', digest)
    const done = await this.callUrl(url.href, { method: 'PUT', headers: { 'content-length': '0' } }, 'push,pull')
    await this.expect(done, [201, 204], `blob ${shortDigest(digest)}`, 'DIGEST_INVALID')
    return { digest, size }
  }

  /** ≙ the last request of a push: only now can the image be seen. */
  async pushManifest(reference: string, mediaType: string, raw: Uint8Array): Promise<Descriptor> {
    const answer = await this.call(
      { kind: 'manifest', name: this.name, reference },
      { method: 'PUT', headers: { 'content-type': mediaType }, body: raw },
      'push,pull',
    )
    await this.expect(answer, [201, 202, 204], `${this.host}/${this.name}:${reference}`, 'MANIFEST_INVALID')
    return { mediaType, digest: digestOf(raw), size: raw.length }
  }

  /** All tags, page by page. ≙ `skopeo list-tags` */
  async tags(): Promise<string[]> {
    const tags: string[] = []
    let url: string | undefined = (await this.baseUrl()) + writeRoute({ kind: 'tags', name: this.name })
    while (url !== undefined) {
      const answer: HttpResponse = await this.callUrl(url, { method: 'GET' }, 'pull')
      await this.expect(answer, [200], `${this.host}/${this.name}`, 'NAME_UNKNOWN')
      const page = parseJson(await collect(answer.body, ANSWER_LIMIT), url, 'UNSUPPORTED') as { tags?: string[] | null }
      tags.push(...(page.tags ?? []))
      const next: string | undefined = /<([^>]+)>\s*;\s*rel="?next"?/.exec(answer.header('link') ?? '')?.[1]
      url = next === undefined ? undefined : new URL(next, url).href
    }
    return tags
  }

  private async call(route: Route, request: Omit<HttpRequest, 'url'>, actions: string): Promise<HttpResponse> {
    return this.callUrl((await this.baseUrl()) + writeRoute(route), request, actions)
  }

  /** One request, with another try after the challenge of a 401. What can be read only once goes with a token at once. */
  private async callUrl(url: string, request: Omit<HttpRequest, 'url'>, actions: string): Promise<HttpResponse> {
    const scope = `repository:${this.name}:${actions}`
    for (;;) {
      const own = new URL(url).host === new URL(await this.baseUrl()).host
      const headers = { ...request.headers, ...(own ? await this.auth.header(scope) : {}) }
      const answer = await this.http.send({ ...request, url, headers })
      if (answer.status !== 401 || !own || !this.auth.answer(answer, scope)) return answer
      await answer.body.dump()
    }
  }

  /** Where the registry is: https, or plain http where that is allowed, as docker allows it on the loopback address. */
  private baseUrl(): Promise<string> {
    this.base ??= this.ping()
    return this.base
  }

  private async ping(): Promise<string> {
    const host = this.host === 'docker.io' ? 'registry-1.docker.io' : this.host
    const plain = this.insecure || isLoopback(new URL(`http://${host}`).hostname)
    for (const scheme of plain ? ['https', 'http'] : ['https']) {
      const base = `${scheme}://${host}`
      try {
        const answer = await this.http.send({ method: 'GET', url: `${base}/v2/` })
        await answer.body.dump()
        if (answer.status === 401) this.auth.answer(answer, '')
        return base
      } catch (error) {
        const isLast = scheme === 'http' || !plain
        if (isLast || !isOciError(error, 'REGISTRY_UNREACHABLE')) throw error
      }
    }
    throw new RegistryError('REGISTRY_UNREACHABLE', `${host}: no answer`, { where: host })
  }

  private locationOf(answer: HttpResponse): string {
    const location = answer.header('location')
    if (location === undefined)
      throw new RegistryError('PROTOCOL', `${answer.url}: an upload without Location`, { url: answer.url })
    return new URL(location, answer.url).href
  }

  /** Throws what a registry says instead of one of `statuses`, under its own code. */
  private async expect(answer: HttpResponse, statuses: number[], where: string, code: ErrorCode): Promise<void> {
    if (statuses.includes(answer.status)) {
      if (answer.status === 201 || answer.status === 202 || answer.status === 204) await answer.body.dump()
      return
    }
    const said = parseErrors(await collect(answer.body, ANSWER_LIMIT))
    const own =
      answer.status === 401
        ? 'UNAUTHORIZED'
        : answer.status === 403
          ? 'DENIED'
          : answer.status === 429
            ? 'TOOMANYREQUESTS'
            : code
    const message = said?.message || `status ${answer.status}`
    throw new RegistryError((said?.code as ErrorCode) || own, `${where}: ${message} (${new URL(answer.url).origin})`, {
      url: answer.url,
      status: answer.status,
      where,
    })
  }
}
