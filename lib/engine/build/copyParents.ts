import type { CopyItem } from './copySources.ts'
import { hasWildcards, PathPatterns } from './patterns.ts'
import { asBytes, asText, below, type CopySource, join, type SourceEntry } from './source.ts'

/**
 * What `COPY --parents` takes: with the folders it is in, of which those before `/./` are left out. A pattern may have
 * `**`; symlinks stay what they are. Nothing when there is no such thing. ≙ rsync --relative
 */
export async function findWithParents(
  source: CopySource,
  written: string,
  exclude: PathPatterns,
): Promise<Omit<CopyItem, 'hash'> | undefined> {
  const [first, kept] = atPivot(written)
  const base = await source.find(asBytes(parts(first).join('/')), { follow: true })
  if (base?.header.type !== 'directory') return undefined
  const pattern = parts(kept)
  const wanted = pattern.length === 0 ? undefined : new PathPatterns([pattern.join('/')])
  const inside = new Map<string, SourceEntry>()
  for await (const [name, entry] of walk(source, base.path, pattern)) {
    const text = asText(name)
    if ((wanted && !wanted.matches(text)) || exclude.matches(text)) continue
    for (const folder of foldersOf(name))
      if (!inside.has(folder)) inside.set(folder, (await source.find(join(base.path, folder), { follow: false }))!)
    inside.set(name, entry)
  }
  if (inside.size === 0) return undefined
  return { name: '', entry: base, inside: [...inside].map(([name, entry]) => ({ name, entry })) }
}

/** `x/./y/*.txt` keeps y, but not x. */
function atPivot(path: string): [first: string, kept: string] {
  const pivot = path.indexOf('/./')
  return pivot < 0 ? ['', path] : [path.slice(0, pivot), path.slice(pivot + '/./'.length)]
}

/** What may match, by its name below `base`: looked for where the pattern has its first wildcard. */
async function* walk(
  source: CopySource,
  base: string,
  pattern: readonly string[],
): AsyncGenerator<[name: string, entry: SourceEntry]> {
  const wild = pattern.findIndex(hasWildcards)
  const place = asBytes(pattern.slice(0, wild < 0 ? undefined : wild).join('/'))
  const entry = await source.find(join(base, place), { follow: false })
  // A symlink on the way leads elsewhere: that is another name.
  if (!entry || (place !== '' && entry.path !== join(base, place))) return
  if (place !== '') yield [place, entry]
  if (entry.header.type !== 'directory') return
  for await (const child of below(source, entry.path))
    yield [base === '' ? child.path : child.path.slice(base.length + 1), child]
}

/** `a/b/c` is in a and in a/b. */
function foldersOf(name: string): string[] {
  const all = name.split('/')
  return all.slice(1).map((_, index) => all.slice(0, index + 1).join('/'))
}

function parts(path: string): string[] {
  return path.split('/').filter(part => part !== '' && part !== '.')
}
