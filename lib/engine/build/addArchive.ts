import { spawn } from 'node:child_process'
import { Readable } from 'node:stream'
import type { Bytes } from '../../bytes/bytes.ts'
import { decompressed } from '../../bytes/compression.ts'
import { readTar } from '../../bytes/readTar.ts'
import { isOciError, isSystemError, OciError } from '../../errors.ts'
import type { Staging } from '../../transport/staging.ts'
import type { Changes } from './changes.ts'
import { heldContent } from './heldContent.ts'
import { cleanPath } from './patterns.ts'
import type { FileContent } from './source.ts'

/** A tar that ADD unpacks, whatever it is compressed with. */
export interface Archive {
  extract(changes: Changes, destination: string): Promise<void>
}

const WHERE = 'ADD: archive'
// Node knows gzip and zstd; for the others docker, too, calls the program.
const PROGRAMS: { magic: string; program: string }[] = [
  { magic: 'fd377a585a00', program: 'xz' },
  { magic: '425a68', program: 'bzip2' },
]
const LONGEST_MAGIC = 6

/** The archive that a file is; nothing for any other file. */
export async function detectArchive(content: FileContent, staging: Staging): Promise<Archive | undefined> {
  if (!(await isTar(content))) return undefined
  return {
    async extract(changes, destination) {
      const target = changes.makeFolder(destination)
      for await (const { path, body, ...header } of readTar(uncompressed(content.bytes()), WHERE)) {
        const inside = cleanPath(`/${path.toString('latin1')}`).slice(1)
        if (inside === '') continue
        const slash = inside.lastIndexOf('/')
        const below = (name: string) => (target === '' ? name : `${target}/${name}`)
        const folder = slash < 0 ? target : changes.makeFolder(below(inside.slice(0, slash)))
        const name = inside.slice(slash + 1)
        const linkpath = header.type === 'hardlink' ? hardlinkTarget(header.linkpath!, below) : header.linkpath
        // Held, not streamed: the members of a layer are written in another order than this archive has.
        const held = header.type === 'file' ? await heldContent({ path, size: header.size, body }, staging) : undefined
        changes.put(folder === '' ? name : `${folder}/${name}`, { ...header, linkpath, body: held?.bytes() })
      }
    },
  }
}

function hardlinkTarget(linkpath: Buffer, below: (name: string) => string): Buffer {
  return Buffer.from(below(cleanPath(`/${linkpath.toString('latin1')}`).slice(1)), 'latin1')
}

/** True when a first member can be read. */
async function isTar(content: FileContent): Promise<boolean> {
  try {
    for await (const _first of readTar(uncompressed(content.bytes()), WHERE)) return true
    return false
  } catch (error) {
    if (isOciError(error) && error.code !== 'TOOL_MISSING') return false
    throw error
  }
}

async function* uncompressed(bytes: Bytes): Bytes {
  const [prefix, whole] = await peeked(bytes)
  const known = PROGRAMS.find(({ magic }) => prefix.startsWith(magic))
  if (known) yield* through(known.program, whole)
  else yield* decompressed(whole, WHERE)
}

async function peeked(bytes: Bytes): Promise<[string, Bytes]> {
  const chunks = bytes[Symbol.asyncIterator]()
  const seen: Uint8Array[] = []
  for (let size = 0; size < LONGEST_MAGIC; ) {
    const { done, value } = await chunks.next()
    if (done) break
    seen.push(value)
    size += value.length
  }
  async function* whole(): Bytes {
    yield* seen
    yield* { [Symbol.asyncIterator]: () => chunks }
  }
  return [Buffer.concat(seen).subarray(0, LONGEST_MAGIC).toString('hex'), whole()]
}

async function* through(program: string, bytes: Bytes): Bytes {
  const child = spawn(program, ['-d', '-c', '-q'], { stdio: ['pipe', 'pipe', 'ignore'] })
  const ended = new Promise<number | null>((resolve, reject) => child.once('close', resolve).once('error', reject))
  // What goes wrong here shows in how the program ends.
  ended.catch(() => undefined)
  child.stdin.on('error', () => undefined)
  Readable.from(bytes, { objectMode: false }).pipe(child.stdin)
  try {
    yield* child.stdout
    const code = await ended
    if (code !== 0) throw new OciError('ARCHIVE_INVALID', `${WHERE}: ${program} ends with ${code}`, { got: code })
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error
    throw new OciError('TOOL_MISSING', `${WHERE}: needs ${program}`, { want: program }, { cause: error })
  } finally {
    child.kill()
  }
}
