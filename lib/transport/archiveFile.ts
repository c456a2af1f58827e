import { stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { posix } from 'node:path'
import type { Bytes } from '../bytes/bytes.ts'
import { collect } from '../bytes/collect.ts'
import { decompressed, detectCompression } from '../bytes/compression.ts'
import { fileBytes } from '../bytes/file.ts'
import { untilAborted } from '../bytes/untilAborted.ts'
import { isSystemError, OciError } from '../errors.ts'
import type { Options } from '../events.ts'
import type { ReadHow } from '../image/image.ts'
import { Budget } from '../image/limits.ts'
import { stagingIn, writeNew } from './staging.ts'
import { type Member, tarMembers } from './tarMembers.ts'

const LINK_LIMIT = 16

/** A tar that stands for a folder: its members are read where they lie, nothing is unpacked. */
export interface ArchiveFile {
  readonly where: string
  has(name: string): boolean
  /** Names of members, in no order. */
  names(): Iterable<string>
  /** The size of a file among the members. Follows links inside the archive only; throws `ARCHIVE_INVALID`. */
  size(name: string): number
  bytes(name: string, how?: ReadHow): Bytes
  /** A small member whole; undefined where there is none. */
  read(name: string, limit: number): Promise<Uint8Array | undefined>
  close(): Promise<void>
}

/**
 * Opens an archive, plain or compressed with gzip or zstd, a file or a pipe; what cannot be read at any place is first
 * written to a temporary file. Throws `ARCHIVE_INVALID`, `UNSUPPORTED`.
 */
export async function openArchive(path: string, where: string, { signal }: Options = {}): Promise<ArchiveFile> {
  const isFile = await isRegular(path, where)
  const prefix = isFile ? await collect(fileBytes(path, { start: 0, end: 6 })) : undefined
  if (prefix && isPlain(prefix, where)) return archive(path, await tarMembers(path, where), where, async () => {})
  const staging = stagingIn(tmpdir())
  try {
    const file = await staging.file()
    // A pipe does not say how long it is: there the size alone is limited.
    const packed = isFile ? (await stat(path)).size : Number.POSITIVE_INFINITY
    await writeNew(file, new Budget().within(decompressed(untilAborted(fileBytes(path), signal), where), packed, where))
    return archive(file, await tarMembers(file, where), where, () => staging.close())
  } catch (error) {
    await staging.close()
    throw error
  }
}

async function isRegular(path: string, where: string): Promise<boolean> {
  try {
    const found = await stat(path)
    if (!found.isDirectory()) return found.isFile()
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error
    throw new OciError('ARCHIVE_INVALID', `${where}: no such file`, { where }, { cause: error })
  }
  throw new OciError('ARCHIVE_INVALID', `${where}: a folder, not an archive`, { where })
}

function isPlain(prefix: Uint8Array, where: string): boolean {
  const magic = Buffer.from(prefix).toString('latin1')
  const other = magic === '\xfd7zXZ\0' ? 'xz' : magic.startsWith('BZh') ? 'bzip2' : undefined
  if (other)
    throw new OciError('UNSUPPORTED', `${where}: compressed with ${other} (want tar, gzip or zstd)`, {
      where,
      want: 'tar, gzip or zstd',
      got: other,
    })
  return detectCompression(prefix) === 'none'
}

function archive(path: string, members: Map<string, Member>, where: string, close: () => Promise<void>): ArchiveFile {
  const file = (name: string) => followed(members, name, where)
  const bytes = (name: string, how?: ReadHow) => {
    const { offset, size } = file(name)
    return fileBytes(path, { start: offset, end: offset + size, ...how })
  }
  return {
    where,
    has: name => members.has(name),
    names: () => members.keys(),
    size: name => file(name).size,
    bytes,
    read: async (name, limit) => (members.has(name) ? collect(bytes(name), limit, `${where}: ${name}`) : undefined),
    close,
  }
}

/** The file a name leads to. Links lead to other members only: the disk is not looked at, so they cannot lead out. */
function followed(members: Map<string, Member>, name: string, where: string): Member {
  let path = inside(name, where)
  for (let links = 0; links < LINK_LIMIT; links++) {
    const member = members.get(path)
    if (member === undefined) throw invalid(where, name, 'no such member')
    if (member.type === 'file') return member
    if (member.type === 'other') throw invalid(where, name, 'not a file')
    // A symlink counts from its own folder, a hardlink from the top.
    const from = member.type === 'symlink' ? posix.dirname(path) : '.'
    if (member.target.startsWith('/')) throw invalid(where, name, `a link out of the archive, to ${member.target}`)
    path = inside(posix.join(from, member.target), where)
  }
  throw invalid(where, name, 'links in a circle')
}

function inside(name: string, where: string): string {
  const path = posix.normalize(name)
  if (path === '..' || path.startsWith('../') || path.startsWith('/'))
    throw invalid(where, name, 'a path out of the archive')
  return path
}

function invalid(where: string, name: string, what: string): OciError {
  return new OciError('ARCHIVE_INVALID', `${where}: ${JSON.stringify(name)}: ${what}`, { where, got: name })
}
