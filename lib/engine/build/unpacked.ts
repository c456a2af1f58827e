import { Readable } from 'node:stream'
import type { Bytes } from '../../bytes/bytes.ts'
import { decompressed } from '../../bytes/compression.ts'
import { rewindable } from '../../bytes/rewindable.ts'
import { isSystemError, OciError } from '../../errors.ts'

// Node knows gzip and zstd; for the others docker, too, calls the program.
const PROGRAMS: { magic: string; program: string }[] = [
  { magic: 'fd377a585a00', program: 'xz' },
  { magic: '425a68', program: 'bzip2' },
]
const LONGEST_MAGIC = 6

/** The bytes inside, whatever docker would unpack. Throws `ARCHIVE_INVALID`, `TOOL_MISSING` where xz or bzip2 is needed. */
export async function* unpacked(bytes: Bytes, where: string): Bytes {
  const source = rewindable(bytes)
  try {
    const prefix = (await source.peek(LONGEST_MAGIC)).toString('hex')
    const known = PROGRAMS.find(({ magic }) => prefix.startsWith(magic))
    yield* known ? through(known.program, source.rest(), where) : decompressed(source.rest(), where)
  } finally {
    await source.close()
  }
}

async function* through(program: string, bytes: Bytes, where: string): Bytes {
  const { spawn } = await import('node:child_process')
  const child = spawn(program, ['-d', '-c', '-q'], { stdio: ['pipe', 'pipe', 'ignore'] })
  const ended = new Promise<number | null>((resolve, reject) => child.once('close', resolve).once('error', reject))
  // What goes wrong here shows in how the program ends.
  ended.catch(() => undefined)
  child.stdin.on('error', () => undefined)
  const source = Readable.from(bytes, { objectMode: false })
  let upstream: unknown
  source.on('error', error => {
    upstream = error
    child.kill()
  })
  source.pipe(child.stdin)
  try {
    yield* child.stdout
    const code = await ended
    // What went wrong before us keeps its own name.
    if (upstream !== undefined) throw upstream
    if (code !== 0) throw new OciError('ARCHIVE_INVALID', `${where}: ${program} ends with ${code}`, { got: code })
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error
    throw new OciError('TOOL_MISSING', `${where}: needs ${program}`, { want: program }, { cause: error })
  } finally {
    source.destroy()
    child.kill()
  }
}
