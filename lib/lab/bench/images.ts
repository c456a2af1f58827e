import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { TarInput } from '../../bytes/tar.ts'
import { writeTar } from '../../bytes/writeTar.ts'
import { imageFrom } from '../../image/build.ts'
import type { Image } from '../../image/image.ts'
import { hostPlatform } from '../../spec/platform.ts'
import { blobDirectory } from '../../transport/blobDirectory.ts'
import { copy } from '../../transport/copy.ts'
import { heldImage } from '../../transport/held.ts'
import { javaImage } from '../demo/javaImage.ts'

/** The images that are copied, unpacked and pushed: many bytes of real files, many entries, one large layer, a little of both. */
export type BenchImage = 'java-app' | 'many-files' | 'big-layer' | 'small'

const FOLDERS = 1000
const FILES_EACH = 56
const LARGE_FILES = 4
const LARGE = 131_000_000

/** An OCI layout with the image under the tag v0. It is made once, which takes up to a minute, and kept in the cache folder. */
export async function benchLayout(name: BenchImage): Promise<string> {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'ocilab', 'bench')
  const layout = join(cache, name)
  if (existsSync(layout)) return layout
  const making = join(cache, `.${name}.${process.pid}`)
  const blobs = `${making}.blobs`
  await mkdir(cache, { recursive: true })
  try {
    await copy(heldImage(await make(name, blobs), name), `oci:${making}:v0`)
    await rename(making, layout)
  } finally {
    for (const path of [making, blobs]) await rm(path, { recursive: true, force: true })
  }
  return layout
}

function make(name: BenchImage, blobs: string): Promise<Image> {
  if (name === 'java-app') return javaImage()
  const members = { 'many-files': () => manyFiles(FOLDERS), 'big-layer': () => largeFiles(LARGE_FILES, LARGE), small }
  const tar = writeTar(members[name]())
  return imageFrom({ ...hostPlatform(), layers: [{ tar }] }, blobDirectory(blobs))
}

function* manyFiles(folders: number): Generator<TarInput> {
  const random = randomNumbers()
  for (let folder = 0; folder < folders; folder++) {
    yield { path: Buffer.from(`d${folder}`), type: 'directory' }
    for (let file = 0; file < FILES_EACH; file++) {
      const length = random() % 2000
      yield { path: Buffer.from(`d${folder}/f${file}`), type: 'file', body: Buffer.alloc(length, `${random()} `) }
    }
  }
}

/** Of eight bytes five are random: that is about as well as programs can be compressed. */
function* largeFiles(count: number, size: number): Generator<TarInput> {
  const random = randomNumbers()
  for (let file = 0; file < count; file++) {
    const body = Buffer.alloc(size, 'compress')
    for (let at = 0; at + 8 <= size; at += 8) {
      body.writeUInt32LE(random(), at)
      body[at + 4] = random()
    }
    yield { path: Buffer.from(`large${file}`), type: 'file', body }
  }
}

function* small(): Generator<TarInput> {
  yield* manyFiles(FOLDERS / 20)
  yield* largeFiles(1, LARGE / 5)
}

/** The same ones each time: xorshift32. */
function randomNumbers(): () => number {
  let state = 0x9e3779b9
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}
