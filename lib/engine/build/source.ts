import type { Bytes } from '../../bytes/bytes.ts'
import type { TarHeader } from '../../bytes/tar.ts'
import type { Digest } from '../../spec/digest.ts'
import { globRegex } from './patterns.ts'

/** A file where COPY takes files from. Paths have one character a byte, and no slashes around them. */
export interface SourceEntry {
  readonly path: string
  readonly header: Omit<TarHeader, 'path'>
  /** Equal for the names of one file with several. */
  readonly inode?: unknown
}

export interface FileContent {
  readonly digest: Digest
  bytes(): Bytes
}

/** Where COPY takes files from: the build context, or the files of an image. */
export interface CopySource {
  /** What stands at a path, symlinks on the way followed as if the source were the root; the last one only with `follow`. */
  find(path: string, how: { follow: boolean }): Promise<SourceEntry | undefined>
  /** The names in a folder, in the order of their bytes. */
  names(folder: string): Promise<string[]>
  /** Digests and bytes of these files, read at once: a layer is read only from front to back. */
  contents(files: readonly SourceEntry[], signal?: AbortSignal): Promise<Map<SourceEntry, FileContent>>
}

/** All below a folder, each folder before what is in it. */
export async function* below(source: CopySource, folder: string): AsyncGenerator<SourceEntry> {
  for (const name of await source.names(folder)) {
    const entry = await source.find(join(folder, name), { follow: false })
    if (!entry) continue
    yield entry
    if (entry.header.type === 'directory') yield* below(source, entry.path)
  }
}

/** The paths that a pattern matches; symlinks to folders are not looked into. */
export async function glob(source: CopySource, pattern: string): Promise<string[]> {
  let found = ['']
  for (const part of pattern.split('/').filter(part => part !== '' && part !== '.')) {
    const regex = globRegex(part)
    const next: string[] = []
    for (const folder of found) {
      const entry = await source.find(folder, { follow: false })
      if (entry?.header.type !== 'directory') continue
      const names = await source.names(folder)
      next.push(...names.filter(name => regex.test(asText(name))).map(name => join(folder, name)))
    }
    found = next
  }
  return found
}

export function join(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`
}

/** What a Dockerfile calls a path, one character a byte. */
export function asBytes(text: string): string {
  return Buffer.from(text).toString('latin1')
}

/** The other way round: for people, and for patterns. */
export function asText(path: string): string {
  return Buffer.from(path, 'latin1').toString()
}
