import { OciError } from '../../errors.ts'
import type { Staging } from '../../transport/staging.ts'
import { type Archive, detectArchive } from './addArchive.ts'
import type { Change, Changes, Owner } from './changes.ts'
import type { CopyItem, FoundSources } from './copySources.ts'
import type { FileContent, SourceEntry } from './source.ts'

/** How COPY and ADD put things where they belong. */
export interface CopyHow {
  readonly keyword: 'COPY' | 'ADD'
  /** Absolute; with a slash at its end it is a folder. One character a byte. */
  readonly destination: string
  /** Nothing: as it is where it comes from. */
  readonly owner: Owner | undefined
  readonly mode: number | undefined
  /** For what is too large to be held in memory. */
  readonly staging: Staging
}

/** Puts what was found into the layer, by docker's rules for destinations. Throws `ARGUMENT_INVALID`. */
export async function copyInto(changes: Changes, found: FoundSources, how: CopyHow): Promise<void> {
  const { items, contents } = found
  if (items.length > 1 && !how.destination.endsWith('/'))
    throw new OciError(
      'ARGUMENT_INVALID',
      `When using ${how.keyword} with more than one source file, the destination must be a directory and end with a /`,
      { got: how.destination },
    )
  for (const [index, item] of items.entries()) {
    const archive = await archiveIn(item, contents, how)
    if (archive) await archive.extract(changes, how.destination)
    else if (item.entry.header.type === 'directory') copyFolder(changes, item, contents, how, index)
    else copyFile(changes, item, contents, how)
  }
}

async function archiveIn(
  { entry }: CopyItem,
  contents: FoundSources['contents'],
  { keyword, staging }: CopyHow,
): Promise<Archive | undefined> {
  const content = contents.get(entry)
  return keyword === 'ADD' && content ? detectArchive(content, staging) : undefined
}

/** The folder's contents, not the folder itself. */
function copyFolder(
  changes: Changes,
  item: CopyItem,
  contents: FoundSources['contents'],
  how: CopyHow,
  index: number,
): void {
  const target = changes.makeFolder(how.destination, how.owner)
  for (const { name, entry } of item.inside) {
    const path = target === '' ? name : `${target}/${name}`
    const sameAs =
      entry.inode === undefined || entry.header.type !== 'file' ? undefined : `${index}:${inodeName(entry)}`
    changes.put(path, { ...changeOf(entry, contents.get(entry), how), sameAs })
  }
}

function copyFile(changes: Changes, item: CopyItem, contents: FoundSources['contents'], how: CopyHow): void {
  const { destination, owner } = how
  const there = changes.look(destination)
  const change = changeOf(item.entry, contents.get(item.entry), how)
  if (there.isFolder || destination.endsWith('/')) {
    const folder = changes.makeFolder(destination, owner)
    changes.put(folder === '' ? item.name : `${folder}/${item.name}`, change)
  } else {
    const slash = there.path.lastIndexOf('/')
    if (slash > 0) changes.makeFolder(there.path.slice(0, slash), owner)
    changes.put(there.path, change)
  }
}

function changeOf({ header }: SourceEntry, content: FileContent | undefined, { owner, mode }: CopyHow): Change {
  const isLink = header.type === 'symlink'
  const kept = owner && header.type === 'file' ? modeAfterChown(header.mode) : header.mode
  return { ...header, ...owner, mode: mode === undefined || isLink ? kept : mode, body: content?.bytes() }
}

/** Docker gives a file its mode and then its owner, and chown(2) takes away what would run as somebody else. */
function modeAfterChown(mode: number): number {
  const setuid = 0o4000
  const setgid = 0o2000
  const groupRuns = 0o010
  return mode & ~setuid & ~((mode & groupRuns) === 0 ? 0 : setgid)
}

const names = new WeakMap<object, string>()
let next = 0

/** A name for what is one file under several names. */
function inodeName({ inode }: SourceEntry): string {
  if (typeof inode === 'string') return inode
  const name = names.get(inode as object) ?? String(next++)
  names.set(inode as object, name)
  return name
}
