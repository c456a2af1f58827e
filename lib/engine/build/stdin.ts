import { mkdir, readFile, stat } from 'node:fs/promises'
import type { Bytes } from '../../bytes/bytes.ts'
import { collect } from '../../bytes/collect.ts'
import { fileBytes } from '../../bytes/file.ts'
import type { Layer } from '../../image/image.ts'
import { unpackLayers } from '../../rootfs/unpack.ts'
import { digester } from '../../spec/digest.ts'
import { OCI_LAYER } from '../../spec/mediaTypes.ts'
import { type Staging, writeNew } from '../../transport/staging.ts'
import { isTar } from './addArchive.ts'
import { contextSource } from './contextSource.ts'
import { type BuildInput, type InputOptions, unprepared } from './input.ts'
import { cleanPath, PathPatterns, parseDockerignore } from './patterns.ts'
import { asBytes, type CopySource } from './source.ts'
import { unpacked } from './unpacked.ts'

const IGNORE = '.dockerignore'
const LARGEST = 1 << 24

/**
 * What `docker build -` reads: a context as a tar, packed or not, with the Dockerfile in it; or only a Dockerfile,
 * and then there is nothing to copy. Throws `ARGUMENT_INVALID`, and what a tar may throw.
 */
export async function openStdin(stdin: Bytes, options: InputOptions, staging: Staging): Promise<BuildInput> {
  const file = await staging.file()
  const hash = digester()
  await writeNew(file, stdin, { onChunk: chunk => hash.update(chunk) })
  const folder = await staging.file()
  await mkdir(folder)
  if (!(await isTar({ bytes: () => fileBytes(file) }))) {
    const text = await readFile(file, 'utf8')
    if (text.includes('\0')) throw unprepared('what is on stdin is neither a tar nor a Dockerfile', '-')
    return { text, name: 'stdin', context: contextSource(folder, []), place: ['-'] }
  }
  const digest = hash.digest()
  const bytes = () => unpacked(fileBytes(file), 'stdin')
  const descriptor = { mediaType: OCI_LAYER, digest, size: (await stat(file)).size }
  const layer: Layer = { descriptor, diffId: digest, compressed: bytes, uncompressed: bytes }
  await unpackLayers([layer], folder, { ...options, rootless: process.getuid?.() !== 0 })
  const name = cleanPath(`/${options.file ?? 'Dockerfile'}`).slice(1)
  const whole = contextSource(folder, [])
  const text = await textIn(whole, name)
  if (text === undefined) throw unprepared(`Cannot locate specified Dockerfile: ${name}`, name)
  // Who packed the tar has left out the rest; docker itself hides only these two.
  const patterns = new PathPatterns(parseDockerignore((await textIn(whole, IGNORE)) ?? ''))
  const hidden = [name, IGNORE].filter(path => patterns.matches(path))
  return { text, name, context: contextSource(folder, hidden), place: ['-', name] }
}

/** A file of the context; a symlink leads nowhere out of it. */
async function textIn(context: CopySource, path: string): Promise<string | undefined> {
  const entry = await context.find(asBytes(path), { follow: true })
  if (entry?.header.type !== 'file') return undefined
  const content = (await context.contents([entry])).get(entry)!
  return new TextDecoder().decode(await collect(content.bytes(), LARGEST, path))
}
