import { bytesOf, collect } from '../../bytes/collect.ts'
import { fileBytes } from '../../bytes/file.ts'
import type { TarEntry } from '../../bytes/tar.ts'
import { digester, digestOf } from '../../spec/digest.ts'
import { type Staging, writeNew } from '../../transport/staging.ts'
import type { FileContent } from './source.ts'

// What is larger waits in a file until its turn comes.
const SMALL = 1 << 20

/** The content of a tar's member, kept until it is written into another tar. */
export async function heldContent(
  { size, body, path }: Pick<TarEntry, 'size' | 'body' | 'path'>,
  staging: Staging,
): Promise<FileContent> {
  if (size <= SMALL) {
    const bytes = await collect(body, SMALL, String(path))
    return { digest: digestOf(bytes), bytes: () => bytesOf(bytes) }
  }
  const file = await staging.file()
  const hash = digester()
  await writeNew(file, body, { onChunk: chunk => hash.update(chunk) })
  return { digest: hash.digest(), bytes: () => fileBytes(file) }
}
