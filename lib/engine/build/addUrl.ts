import { basename } from 'node:path/posix'
import { bytesOf } from '../../bytes/collect.ts'
import { OciError } from '../../errors.ts'
import { type Digest, digestOf } from '../../spec/digest.ts'
import type { InstructionOf } from './dockerfile/instruction.ts'
import { asBytes, type FileContent, type SourceEntry } from './source.ts'

const MODE = 0o600

/** A file that ADD fetched. */
export interface FetchedFile {
  readonly entry: SourceEntry
  readonly content: FileContent
}

/** Fetches the sources of an ADD that are URLs. Throws `COPY_FAILED`, also where there is no network. */
export async function fetchSources(
  sources: readonly string[],
  { checksum, destination }: Pick<InstructionOf<'ADD'>, 'checksum' | 'destination'>,
  { signal }: { signal?: AbortSignal },
): Promise<Map<string, FetchedFile>> {
  const fetched = new Map<string, FetchedFile>()
  const unchecked = sources.find(source => !/^https?:\/\//.test(source))
  if (checksum !== undefined && unchecked !== undefined)
    throw failed(unchecked, '--checksum is only for what comes from a URL')
  if (checksum !== undefined && sources.length > 1) throw failed(sources.join(' '), '--checksum is for one source')
  for (const source of sources) {
    if (/^git@|^git:\/\/|\.git(#.*)?$/.test(source)) throw failed(source, 'git repositories are not supported here')
    if (!/^https?:\/\//.test(source)) continue
    const name = basename(new URL(source).pathname)
    if ((name === '' || name === '/') && destination.endsWith('/'))
      throw failed(source, 'cannot determine filename for source')
    fetched.set(source, await fetchFile(source, name || '__unnamed__', checksum, signal))
  }
  return fetched
}

async function fetchFile(
  url: string,
  name: string,
  checksum: string | undefined,
  signal?: AbortSignal,
): Promise<FetchedFile> {
  const { bytes, modified } = await download(url, signal)
  const digest: Digest = digestOf(bytes)
  if (checksum !== undefined && checksum !== digest)
    throw failed(url, `digest mismatch (want ${checksum}, got ${digest})`)
  const mtime = { seconds: Number.isNaN(modified) ? 0 : Math.floor(modified / 1000), nanoseconds: 0 }
  const owner = { uid: 0, gid: 0, devmajor: 0, devminor: 0, xattrs: new Map() }
  const entry = {
    path: asBytes(name),
    header: { type: 'file' as const, mode: MODE, size: bytes.length, mtime, ...owner },
  }
  return { entry, content: { digest, bytes: () => bytesOf(bytes) } }
}

async function download(url: string, signal?: AbortSignal): Promise<{ bytes: Uint8Array; modified: number }> {
  try {
    const answer = await fetch(url, { signal })
    if (!answer.ok) throw failed(url, `the server answers ${answer.status}`)
    return { bytes: await answer.bytes(), modified: Date.parse(answer.headers.get('last-modified') ?? '') }
  } catch (error) {
    if (error instanceof OciError || signal?.aborted) throw error
    const { cause, message } = error as Error & { cause?: Error }
    throw failed(url, `cannot be fetched: ${cause?.message || message}`, error)
  }
}

function failed(url: string, what: string, cause?: unknown): OciError {
  return new OciError('COPY_FAILED', `ADD failed: ${url}: ${what}`, { got: url }, { cause })
}
