import { link, rename, stat } from 'node:fs/promises'
import type { Bytes } from '../../bytes/bytes.ts'
import { isSystemError, OciError } from '../../errors.ts'
import { parseReference, type Reference, showReference, withDefaultTag } from '../../spec/reference.ts'
import { isStream, stagingFor, writeStream } from '../outputFile.ts'
import { pathAndName } from '../pathAndName.ts'
import { type Staging, writeSynced } from '../staging.ts'
import type { ImageSink, Transport, TransportOptions } from '../transport.ts'
import { archiveSource } from './source.ts'
import { archiveSink } from './writer.ts'

/** `docker-archive:FILE[:REFERENCE|:@INDEX]`: what `docker save` writes and `docker load` reads. Throws `REFERENCE_INVALID`. */
export function dockerArchive(rest: string): Transport {
  const { path, name } = pathAndName('docker-archive', rest)
  const choice = name === undefined ? undefined : parseChoice(name, rest)
  const full = `docker-archive:${path}${shownChoice(choice)}`
  return {
    name: full,
    source: options => archiveSource(path, choice, full, options),
    sink: options => fileSink(path, choice, full, options),
  }
}

function parseChoice(name: string, rest: string): Reference | number {
  const [, index] = /^@(\d+)$/.exec(name) ?? []
  if (index !== undefined) return Number(index)
  const reference = withDefaultTag(parseReference(name))
  if (reference.digest === undefined) return reference
  throw new OciError('REFERENCE_INVALID', `"docker-archive:${rest}": an archive knows tags only, no digests`, {
    want: 'NAME:TAG',
    got: name,
  })
}

function shownChoice(choice: Reference | number | undefined): string {
  if (choice === undefined) return ''
  return typeof choice === 'number' ? `:@${choice}` : `:${showReference(choice)}`
}

/** Writes a new archive. An archive that is there is not touched: throws `TARGET_EXISTS`, as skopeo does. */
async function fileSink(
  path: string,
  choice: Reference | number | undefined,
  where: string,
  options: TransportOptions = {},
): Promise<ImageSink> {
  if (typeof choice === 'number')
    throw new OciError('REFERENCE_INVALID', `${where}: an index chooses what to read, it cannot be written`, {
      got: choice,
      where,
    })
  const target = await look(path, where)
  const staging = await stagingFor(path)
  return archiveSink({
    staging,
    tags: choice ? [choice] : [],
    profile: options.profile,
    deliver: archive => (target === 'stream' ? writeStream(path, archive) : writeFile(path, archive, staging)),
  })
}

/** Writes an archive to a file that is not there yet, or to a pipe. Throws `TARGET_EXISTS`. */
export async function deliverTo(path: string, archive: Bytes, staging: Staging): Promise<void> {
  if ((await look(path, path)) === 'stream') await writeStream(path, archive)
  else await writeFile(path, archive, staging)
}

async function writeFile(path: string, archive: Bytes, staging: Staging): Promise<void> {
  const beside = await staging.file()
  await writeSynced(beside, archive)
  try {
    // Unlike a rename it takes no name that somebody has got meanwhile.
    await link(beside, path)
  } catch (error) {
    if (isSystemError(error, 'EEXIST')) await look(path, path)
    // An empty file makes room; and not every file system has links.
    await rename(beside, path)
  }
}

/** A pipe or /dev/stdout is written as it goes, a file when it is whole. */
async function look(path: string, where: string): Promise<'file' | 'stream'> {
  if (await isStream(path)) return 'stream'
  try {
    const found = await stat(path)
    // An empty file is what mktemp leaves.
    if (found.isFile() && found.size === 0) return 'file'
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return 'file'
    throw error
  }
  throw new OciError('TARGET_EXISTS', `${where}: exists already, and an archive is not changed`, { where })
}
