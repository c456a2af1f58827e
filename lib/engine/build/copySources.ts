import { bytesOf } from '../../bytes/collect.ts'
import { OciError } from '../../errors.ts'
import { digestOf, hexOf } from '../../spec/digest.ts'
import type { FetchedFile } from './addUrl.ts'
import { findWithParents } from './copyParents.ts'
import { hasWildcards, PathPatterns } from './patterns.ts'
import { asBytes, asText, below, type CopySource, type FileContent, glob, type SourceEntry } from './source.ts'

/** One thing that COPY copies: a file, or a folder's contents. */
export interface CopyItem {
  /** As it is called where it comes from: a symlink's own name, though its target is copied. */
  readonly name: string
  readonly entry: SourceEntry
  /** Everything below a folder, by its name seen from there. */
  readonly inside: readonly { readonly name: string; readonly entry: SourceEntry }[]
  /** `file:…` or `dir:…`: equal when what is copied is equal. */
  readonly hash: string
}

export interface FoundSources {
  readonly items: readonly CopyItem[]
  readonly contents: ReadonlyMap<SourceEntry, FileContent>
  /** What history says instead of names: the hash of the one item, or `multi:…`. */
  readonly hash: string
  /** The digest of each file, by name: to tell which of them changed. */
  readonly files: Readonly<Record<string, string>>
}

/** A file that stands in the Dockerfile itself. */
export interface InlineFile {
  readonly name: string
  readonly content: string
}

interface Request {
  readonly keyword: 'COPY' | 'ADD'
  readonly sources: readonly string[]
  readonly files: readonly InlineFile[]
  readonly exclude: readonly string[]
  /** Each with the folders it is in. */
  readonly parents?: boolean
  /** What came from URLs. */
  readonly fetched?: ReadonlyMap<string, FetchedFile>
  readonly signal?: AbortSignal
}

/** Finds what COPY or ADD is to copy, and reads it once for its digest. Throws `COPY_FAILED`. */
export async function findSources(source: CopySource, request: Request): Promise<FoundSources> {
  const found: Omit<CopyItem, 'hash'>[] = []
  const exclude = new PathPatterns(request.exclude)
  const find = request.parents ? findParents : findItems
  for (const path of request.sources) found.push(...(await find(source, path, request.keyword, exclude)))
  const fetched = [...(request.fetched?.values() ?? [])].map(it => ({ name: it.entry.path, inside: [], ...it }))
  const inline = [...request.files.map(inlineItem), ...fetched]
  if (found.length + inline.length === 0) throw failed(request.keyword, 'no source files were specified')
  const files = found.flatMap(({ entry, inside }) => [entry, ...inside.map(it => it.entry)]).filter(isFile)
  const contents = await source.contents(files, request.signal)
  for (const { entry, content } of inline) contents.set(entry, content)
  const items = [...found, ...inline].map(item => ({ ...item, hash: itemHash(item, contents) }))
  const hash = items.length === 1 ? items[0]!.hash : `multi:${hexOf(digestOf(items.map(it => it.hash).join(',')))}`
  return { items, contents, hash, files: fileDigests(items, contents) }
}

async function findParents(source: CopySource, written: string, keyword: string, exclude: PathPatterns) {
  refuseClimbing(written, keyword)
  const item = await findWithParents(source, written, exclude)
  if (!item && !hasWildcards(written)) throw notThere(keyword, written)
  return item ? [item] : []
}

async function findItems(source: CopySource, written: string, keyword: string, exclude: PathPatterns) {
  refuseClimbing(written, keyword)
  const path = written.replace(/^\/+/, '').replace(/^(?:\.\/)+/, '')
  const paths = hasWildcards(path) ? await glob(source, path) : [asBytes(path)]
  const items: Omit<CopyItem, 'hash'>[] = []
  for (const each of paths) {
    const last = each.split('/').findLast(part => part !== '') ?? ''
    if (exclude.matches(asText(last))) continue
    const entry = await source.find(each, { follow: true })
    if (!entry) throw notThere(keyword, asText(each))
    const inside: { name: string; entry: SourceEntry }[] = []
    if (entry.header.type === 'directory')
      for await (const child of below(source, entry.path)) {
        const name = entry.path === '' ? child.path : child.path.slice(entry.path.length + 1)
        if (!exclude.matches(asText(name))) inside.push({ name, entry: child })
      }
    items.push({
      name:
        each
          .split('/')
          .filter(part => part !== '')
          .at(-1) ?? '',
      entry,
      inside,
    })
  }
  return items
}

/** What climbs out is refused, not clamped: the author meant something else. */
function refuseClimbing(written: string, keyword: string): void {
  if (/^(?:\.\/)*\.\.(?:\/|$)|\/\.\.(?:\/|$)/.test(written) && climbsOut(written))
    throw failed(keyword, `forbidden path outside the build context: ${written}`)
}

function climbsOut(path: string): boolean {
  let depth = 0
  for (const part of path.split('/')) {
    if (part === '..') depth--
    else if (part !== '' && part !== '.') depth++
    if (depth < 0) return true
  }
  return false
}

function inlineItem({ name, content }: InlineFile) {
  const bytes = Buffer.from(content)
  const header = { type: 'file' as const, mode: 0o644, uid: 0, gid: 0, size: bytes.length, devmajor: 0, devminor: 0 }
  const mtime = { seconds: Math.floor(Date.now() / 1000), nanoseconds: 0 }
  const entry: SourceEntry = { path: asBytes(name), header: { ...header, mtime, xattrs: new Map() } }
  const held: FileContent = { digest: digestOf(bytes), bytes: () => bytesOf(bytes) }
  return { name: asBytes(name), entry, inside: [], content: held }
}

/** Over all that ends up in the layer but the times: a file that was only touched is the same file. */
function itemHash({ entry, inside }: Omit<CopyItem, 'hash'>, contents: ReadonlyMap<SourceEntry, FileContent>): string {
  if (entry.header.type !== 'directory') return `file:${hexOf(digestOf(described('', entry, contents)))}`
  const lines = inside.map(it => described(it.name, it.entry, contents))
  return `dir:${hexOf(digestOf(lines.join('\n')))}`
}

function described(name: string, entry: SourceEntry, contents: ReadonlyMap<SourceEntry, FileContent>): string {
  const { type, mode, uid, gid, linkpath, devmajor, devminor, xattrs } = entry.header
  const attributes = [...xattrs].map(([key, value]) => [key, value.toString('hex')])
  const content = contents.get(entry)?.digest
  return JSON.stringify([
    name,
    type,
    mode,
    uid,
    gid,
    linkpath?.toString('latin1'),
    devmajor,
    devminor,
    attributes,
    content,
  ])
}

function fileDigests(
  items: readonly CopyItem[],
  contents: ReadonlyMap<SourceEntry, FileContent>,
): Record<string, string> {
  const all = items.flatMap(({ name, entry, inside }) => [
    [name, entry] as const,
    ...inside.map(it => [[name, it.name].filter(part => part !== '').join('/'), it.entry] as const),
  ])
  const digests = all.map(([name, entry]) => [
    asText(name) || '.',
    hexOf(digestOf(described('', entry, contents))).slice(0, 12),
  ])
  return Object.fromEntries(digests)
}

function isFile({ header }: SourceEntry): boolean {
  return header.type === 'file'
}

function notThere(keyword: string, path: string): OciError {
  return failed(
    keyword,
    `file not found in build context or excluded by .dockerignore: stat ${path}: file does not exist`,
  )
}

function failed(keyword: string, what: string): OciError {
  return new OciError('COPY_FAILED', `${keyword} failed: ${what}`, { got: what })
}
