import type { Bytes } from '../../bytes/bytes.ts'
import type { TarInput } from '../../bytes/tar.ts'
import type { Digest } from '../../spec/digest.ts'
import { goJson, sortedMap } from '../../spec/goJson.ts'
import { familiarReference, type Reference } from '../../spec/reference.ts'

/** An image ready to be put into an archive: bare tars, whose sizes are known. */
export interface SavedImage {
  readonly rawConfig: Uint8Array
  /** RFC 3339; the time of nearly all files in the archive. */
  readonly created?: string
  readonly layers: readonly SavedLayer[]
  readonly tags: readonly Reference[]
}

export interface SavedLayer {
  readonly diffId: Digest
  readonly size: number
  /** Lent, as {@link ReadHow} says. */
  bytes(): Bytes
}

/** Collects the members of an archive and puts them in the order in which Docker walks its folder. */
export class Members {
  readonly #members = new Map<string, TarInput>()

  has(path: string): boolean {
    return this.#members.has(path)
  }

  folder(path: string, seconds = 0): void {
    this.#add(path, { type: 'directory', mode: 0o755 }, seconds)
  }

  file(path: string, body: Uint8Array | string | SavedLayer, seconds = 0): void {
    const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
    const content =
      bytes instanceof Uint8Array ? { size: bytes.length, body: bytes } : { size: bytes.size, body: bytes.bytes() }
    this.#add(path, { type: 'file', mode: 0o644, ...content }, seconds)
  }

  symlink(path: string, target: string, seconds = 0): void {
    this.#add(path, { type: 'symlink', mode: 0o777, linkpath: Buffer.from(target) }, seconds)
  }

  inWalkOrder(): TarInput[] {
    const parts = (path: string) => path.split('/')
    const paths = [...this.#members.keys()].sort((a, b) => compare(parts(a), parts(b)))
    return paths.map(path => this.#members.get(path)!)
  }

  #add(path: string, member: Omit<TarInput, 'path'>, seconds: number): void {
    const owner = { uid: 0, gid: 0, uname: 'root', gname: 'root' }
    this.#members.set(path, { ...member, ...owner, path: Buffer.from(path), mtime: { seconds, nanoseconds: 0 } })
  }
}

/** The time of an image in whole seconds; Docker takes the epoch for what is before it. */
export function secondsOf(created: string | undefined): number {
  const milliseconds = Date.parse(created ?? '')
  return milliseconds > 0 ? Math.floor(milliseconds / 1000) : 0
}

/** `repositories`, the list of names before manifest.json was: NAME → TAG → top layer. Nothing when there are no names. */
export function addRepositories(
  members: Members,
  images: readonly { tags: readonly Reference[]; top: string | undefined }[],
): void {
  const repositories: Record<string, Record<string, string>> = {}
  for (const { tags, top } of images)
    for (const { tag, domain, path } of tags) {
      const name = familiarReference({ domain, path })
      if (tag !== undefined && top !== undefined) repositories[name] = sortedMap({ ...repositories[name], [tag]: top })
    }
  if (Object.keys(repositories).length > 0) members.file('repositories', `${goJson(sortedMap(repositories))}\n`)
}

/** What manifest.json says of the names: null where there are none. */
export function repoTags(tags: readonly Reference[]): string[] | null {
  return tags.length > 0 ? tags.map(familiarReference) : null
}

function compare(a: readonly string[], b: readonly string[]): number {
  for (let index = 0; index < Math.min(a.length, b.length); index++) {
    const order = Buffer.compare(Buffer.from(a[index]!), Buffer.from(b[index]!))
    if (order !== 0) return order
  }
  return a.length - b.length
}
