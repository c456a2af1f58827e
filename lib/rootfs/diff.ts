import { readdirSync } from 'node:fs'
import type { TarInput } from '../bytes/tar.ts'
import { toBytes } from '../image/layerPath.ts'
import { type NativeRoot, openRoot } from '../kernel.ts'
import { type DiskEntry, diskEntry, diskMember, isOpaque, isWhiteout, placeOf } from './diskEntry.ts'
import { isUnchanged, type Lower } from './lower.ts'

const WHITEOUT = '.wh.'

/**
 * What an overlay's upper folder adds to the folders below, as members of a layer: a folder before what is in it, each
 * after the folders above it, and what was removed as a whiteout. image-spec layer.md § Representing Changes
 * What is in one of the `except` folders does not count. A folder that was only touched is not in it, nor a file that is as it was: docker's layers have neither.
 */
export function overlayDiff(upper: string, lower: Lower, except: readonly string[] = []): Iterable<TarInput> {
  return membersOf(upper, (root, path, entry) => changesIn({ folder: upper, root, lower, except }, path, entry))
}

/** The same for a folder that began as a whole copy. */
export function folderDiff(changed: string, lower: Lower, except: readonly string[] = []): Iterable<TarInput> {
  return membersOf(changed, (root, path, entry) => changesOfCopy({ folder: changed, root, lower, except }, path, entry))
}

/** A member on its way: links to one file are told apart only when all are known. */
interface Found {
  readonly path: string
  readonly entry?: DiskEntry
}

interface Compared {
  readonly folder: string
  readonly root: NativeRoot
  readonly lower: Lower
  /** Folders whose contents do not count. */
  readonly except: readonly string[]
}

function* membersOf(
  folder: string,
  changes: (root: NativeRoot, path: string, entry: DiskEntry) => Iterable<Found>,
): Iterable<TarInput> {
  const root = openRoot(folder)
  try {
    const first = new Map<string, string>()
    for (const { path, entry } of [...changes(root, '', diskEntry(folder, '', root)!)]) {
      if (!entry) yield { path: toBytes(path), type: 'file', mode: 0 }
      else yield linked(folder, path, entry, first)
    }
  } finally {
    root.close()
  }
}

/** A file under its second name is a link to the first. */
function linked(folder: string, path: string, entry: DiskEntry, first: Map<string, string>): TarInput {
  const { stat, header } = entry
  if (stat.nlink > 1n && header.type !== 'directory') {
    const inode = `${stat.dev}:${stat.ino}`
    const other = first.get(inode)
    if (other !== undefined)
      return { ...header, path: toBytes(path), type: 'hardlink', linkpath: toBytes(other), size: 0, xattrs: undefined }
    first.set(inode, path)
  }
  return diskMember(folder, path, entry)
}

/** What is below a folder of the upper layer, and the folder itself where it or something in it is new. */
function* changesIn(it: Compared, path: string, folder: DiskEntry): Generator<Found> {
  const names = it.except.includes(path) ? [] : namesIn(it.folder, path)
  // image-spec asks writers for explicit whiteouts, though a reader has to know opaque ones.
  const hidden =
    isOpaque(it.root, path) && !it.except.includes(path)
      ? it.lower.names(path).filter(name => !names.includes(name))
      : []
  const inside: Found[] = hidden.map(name => ({ path: withPrefix(path === '' ? name : `${path}/${name}`) }))
  for (const name of names) {
    const child = path === '' ? name : `${path}/${name}`
    const entry = diskEntry(it.folder, child, it.root)
    if (!entry) continue
    if (isWhiteout(entry)) {
      if (it.lower.header(child)) inside.push({ path: withPrefix(child) })
    } else if (entry.header.type === 'directory') inside.push(...changesIn(it, child, entry))
    else if (!isUnchanged(it.lower, child, entry.header)) inside.push({ path: child, entry })
  }
  if (path !== '' && (inside.length > 0 || !isUnchanged(it.lower, path, folder.header))) yield { path, entry: folder }
  yield* inside
}

function* changesOfCopy(it: Compared, path: string, folder: DiskEntry): Generator<Found> {
  if (it.except.includes(path)) {
    if (!isUnchanged(it.lower, path, folder.header)) yield { path, entry: folder }
    return
  }
  const names = namesIn(it.folder, path)
  const before = it.lower.header(path)
  const gone = before?.type === 'directory' ? it.lower.names(path).filter(name => !names.includes(name)) : []
  const inside: Found[] = gone.map(name => ({ path: withPrefix(path === '' ? name : `${path}/${name}`) }))
  for (const name of names) {
    const child = path === '' ? name : `${path}/${name}`
    const entry = diskEntry(it.folder, child, it.root)
    if (!entry) continue
    if (entry.header.type === 'directory') inside.push(...changesOfCopy(it, child, entry))
    else if (!isUnchanged(it.lower, child, entry.header)) inside.push({ path: child, entry })
  }
  if (path !== '' && (inside.length > 0 || !isUnchanged(it.lower, path, folder.header))) yield { path, entry: folder }
  yield* inside
}

function namesIn(folder: string, path: string): string[] {
  return readdirSync(placeOf(folder, path), { encoding: 'buffer' })
    .map(name => name.toString('latin1'))
    .sort()
}

function withPrefix(path: string): string {
  const slash = path.lastIndexOf('/') + 1
  return `${path.slice(0, slash)}${WHITEOUT}${path.slice(slash)}`
}
