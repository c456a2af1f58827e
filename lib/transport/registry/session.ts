import { collect } from '../../bytes/collect.ts'
import { type ErrorCode, isOciError, RegistryError } from '../../errors.ts'
import { Authenticator } from './auth/authenticator.ts'
import type { Credentials } from './auth/credentials.ts'
import { apiHost, isLoopback } from './host.ts'
import { type HttpOptions, httpClient } from './http/client.ts'
import { type HttpRequest, type HttpResponse, isWhole } from './http/message.ts'
import { parseErrors } from './wire/errors.ts'
import { type Route, writeRoute } from './wire/route.ts'
import type { Scope } from './wire/scope.ts'

export interface ClientOptions extends HttpOptions {
  credentials?: Credentials
  /** Plain HTTP, and certificates nobody vouches for, are accepted. */
  insecure?: boolean
}

/** What a request wants to do in a repository, so that the right token can be got for it. */
export type Action = 'pull' | 'push' | 'delete'

type Wanted = Omit<HttpRequest, 'url'>

const ANSWER_LIMIT = 1 << 20
// The challenge at the door, and one token that ended too early.
const CHALLENGES = 2

/** Talks with one registry about one repository: finds it, logs in where it is asked to, and understands what it refuses. */
export class Session {
  readonly host: string
  readonly name: string
  /** Another repository of the registry, blobs of which may be mounted: tokens are asked for both. */
  readonly mountFrom: string | undefined
  private readonly http: ReturnType<typeof httpClient>
  private readonly auth: Authenticator
  private readonly insecure: boolean
  private base: Promise<string> | undefined

  constructor(host: string, name: string, options: ClientOptions & { mountFrom?: string }) {
    this.host = host
    this.name = name
    this.mountFrom = options.mountFrom
    this.http = httpClient(options)
    this.auth = new Authenticator(this.http.send, options.credentials)
    this.insecure = options.insecure ?? false
  }

  close(): void {
    this.http.close()
  }

  async call(route: Route, wanted: Wanted, action: Action): Promise<HttpResponse> {
    return this.callUrl((await this.baseUrl()) + writeRoute(route), wanted, action)
  }

  /** One request, and again after the challenge of a 401 where its body can be sent again. */
  async callUrl(url: string, wanted: Wanted, action: Action): Promise<HttpResponse> {
    // A registry may send us to another server with an upload; tokens are not for that one.
    const isHome = new URL(url).origin === (await this.baseUrl())
    const scopes = this.scopes(action)
    for (let challenges = 0; ; challenges++) {
      const authorization: Record<string, string> = isHome ? await this.auth.header(scopes) : {}
      const answer = await this.http.send({ ...wanted, url, headers: { ...wanted.headers, ...authorization } })
      const isOurs = answer.status === 401 && isHome && new URL(answer.url).origin === new URL(url).origin
      if (!isOurs || challenges === CHALLENGES || !isWhole(wanted.body)) return answer
      if (!(await this.auth.answer(answer, scopes, authorization.authorization))) return answer
      await answer.body.dump()
    }
  }

  /** Comes in, without a wish. ≙ `curl https://HOST/v2/` with a token. Throws `UNAUTHORIZED`. */
  async checkIn(): Promise<void> {
    const answer = await this.call({ kind: 'base' }, { method: 'GET' }, 'pull')
    await this.expect(answer, [200], this.host, 'UNSUPPORTED')
    await answer.body.dump()
  }

  /** `https://HOST`, or `http://HOST` where that is allowed and all there is. */
  baseUrl(): Promise<string> {
    this.base ??= this.find()
    return this.base
  }

  private scopes(action: Action): Scope[] {
    if (this.name === '') return []
    const actions = { pull: ['pull'], push: ['pull', 'push'], delete: ['delete', 'pull'] }[action]
    const own: Scope = { type: 'repository', name: this.name, actions }
    if (this.mountFrom === undefined || action !== 'push') return [own]
    return [own, { type: 'repository', name: this.mountFrom, actions: ['pull'] }]
  }

  private async find(): Promise<string> {
    const host = apiHost(this.host)
    const [secure, plain] = [`https://${host}`, `http://${host}`]
    // On this machine there is nobody to listen, and TLS takes longer to load than a small pull.
    if (isLoopback(new URL(plain).hostname)) return this.firstOf(plain, secure)
    return this.insecure ? this.firstOf(secure, plain) : this.knock(secure)
  }

  private async firstOf(base: string, other: string): Promise<string> {
    try {
      return await this.knock(base, false)
    } catch (error) {
      if (isOciError(error) && ['REGISTRY_UNREACHABLE', 'PROTOCOL'].includes(error.code)) return this.knock(other)
      throw error
    }
  }

  private async knock(base: string, repeatable = true): Promise<string> {
    const answer = await this.http.send({ method: 'GET', url: `${base}/v2/`, repeatable })
    await answer.body.dump()
    if (answer.status === 400)
      throw new RegistryError('PROTOCOL', `${base}: not what it speaks (400)`, { where: base, status: 400 })
    // Known before the first real request: what can be sent only once then has its token with it.
    if (answer.status === 401) await this.auth.answer(answer, [], undefined)
    return base
  }

  /** Throws what a registry says instead of one of `statuses`, under its own code. */
  async expect(answer: HttpResponse, statuses: readonly number[], where: string, code: ErrorCode): Promise<void> {
    if (statuses.includes(answer.status)) {
      if ([201, 202, 204].includes(answer.status)) await answer.body.dump()
      return
    }
    const said = parseErrors(await collect(answer.body, ANSWER_LIMIT).catch(() => new Uint8Array()))
    const own = STATUS_CODES.get(answer.status) ?? code
    const message = said?.message ? printable(said.message) : `status ${answer.status}`
    const known = said?.code && /^[A-Z_]{1,40}$/.test(said.code) ? (said.code as ErrorCode) : undefined
    throw new RegistryError(
      known ?? own,
      `${where}: ${message} (${answer.status} from ${new URL(answer.url).origin})`,
      {
        url: answer.url,
        status: answer.status,
        where,
      },
    )
  }
}

const STATUS_CODES = new Map<number, ErrorCode>([
  [401, 'UNAUTHORIZED'],
  [403, 'DENIED'],
  [429, 'TOOMANYREQUESTS'],
])

/** What a stranger says goes to a terminal: no control characters, and not for ever. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]+/gu, ' ').slice(0, 300)
}
