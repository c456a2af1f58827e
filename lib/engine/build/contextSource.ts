import { type BigIntStats, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { fileBytes } from '../../bytes/file.ts'
import { type TarType, tarTypeOf } from '../../bytes/tar.ts'
import { whileWanted } from '../../bytes/untilAborted.ts'
import { type Digest, digester, digestOf } from '../../spec/digest.ts'
import { PathPatterns } from './patterns.ts'
import { asText, type CopySource, type FileContent, join, type SourceEntry } from './source.ts'
import { Way } from './way.ts'

const SMALL = 1 << 20

/** The build context: a folder without what its .dockerignore leaves out. All in it belongs to root, as docker has it. */
export function contextSource(folder: string, ignored: readonly string[]): CopySource {
  const patterns = new PathPatterns(ignored)
  // The folder is text, the names below it are bytes.
  const place = (path: string) => Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(path, 'latin1')])

  const look = async (path: string): Promise<SourceEntry | undefined> => {
    const stat = lstatSync(place(path), { bigint: true, throwIfNoEntry: false })
    const type = stat && tarTypeOf(stat)
    if (!stat || !type) return undefined
    const isLeftOut = path !== '' && patterns.matches(asText(path))
    if (isLeftOut && (type !== 'directory' || (await names(path)).length === 0)) return undefined
    const linkpath = type === 'symlink' ? readlinkSync(place(path), 'buffer') : undefined
    return entryOf(path, stat, type, linkpath)
  }

  const names = async (path: string): Promise<string[]> => {
    const text = asText(path)
    if (path !== '' && patterns.matchesAllBelow(text)) return []
    const all = readdirSync(place(path), { encoding: 'buffer' })
      .map(name => name.toString('latin1'))
      .sort()
    const kept = await Promise.all(all.map(async name => (await isKept(join(path, name))) && name))
    return kept.filter(name => name !== false)
  }

  const isKept = async (path: string): Promise<boolean> => {
    if (!patterns.matches(asText(path))) return true
    return !patterns.matchesAllBelow(asText(path)) && (await look(path)) !== undefined
  }

  const find: CopySource['find'] = async (path, { follow }) => {
    const way = new Way(path)
    let entry: SourceEntry | undefined
    while (way.step()) {
      entry = await look(way.path)
      if (!entry) return undefined
      const { type, linkpath } = entry.header
      if (type === 'symlink' && (follow || !way.isAtEnd)) way.follow(linkpath!)
    }
    return entry?.path === way.path ? entry : look(way.path)
  }

  return {
    find,
    names,
    async contents(files, signal) {
      const found = new Map<SourceEntry, FileContent>()
      for (const file of files) {
        const path = place(file.path)
        found.set(file, {
          digest: await fileDigest(path, file.header.size, signal),
          bytes: () => whileWanted(fileBytes(path), signal),
        })
      }
      return found
    },
  }
}

function entryOf(path: string, stat: BigIntStats, type: TarType, linkpath: Buffer | undefined): SourceEntry {
  const nanoseconds = Number(stat.mtimeNs % 1_000_000_000n)
  return {
    path,
    header: {
      type,
      linkpath,
      mode: Number(stat.mode) & 0o7777,
      uid: 0,
      gid: 0,
      size: type === 'file' ? Number(stat.size) : 0,
      mtime: { seconds: Number(stat.mtimeNs / 1_000_000_000n), nanoseconds },
      devmajor: Number((stat.rdev >> 8n) & 0xfffn),
      devminor: Number((stat.rdev & 0xffn) | ((stat.rdev >> 12n) & 0xfff00n)),
      xattrs: new Map(),
    },
    inode: stat.nlink > 1n && type === 'file' ? `${stat.dev}:${stat.ino}` : undefined,
  }
}

async function fileDigest(path: Buffer, size: number, signal?: AbortSignal): Promise<Digest> {
  if (size <= SMALL) return digestOf(readFileSync(path))
  const hash = digester()
  for await (const chunk of whileWanted(fileBytes(path, { lent: true }), signal)) hash.update(chunk)
  return hash.digest()
}
