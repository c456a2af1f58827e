import { createHash } from 'node:crypto'
import { createWriteStream, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Bytes } from '../../bytes/bytes.ts'
import { byZlib, gzipped } from '../../bytes/compress.ts'
import { decompressed } from '../../bytes/compression.ts'
import { fileBytes } from '../../bytes/file.ts'
import { openImageAt } from '../../transport/openImageAt.ts'
import { type BenchImage, benchLayout } from './images.ts'
import { program } from './program.ts'
import type { Comparison, Contender, Place } from './suite.ts'

/** The largest layer of an image, compressed for a push, by one program that runs: beside node:zlib in it, and gzip(1). */
export async function compressing(image: BenchImage, { folder }: Place): Promise<Comparison> {
  const [tar, packed] = ['layer.tar', 'layer.tar.gz'].map(name => join(folder, name)) as [string, string]
  await openImageAt(`oci:${await benchLayout(image)}:v0`, async ({ layers }) => {
    const [largest] = layers.toSorted((a, b) => b.descriptor.size - a.descriptor.size)
    await written(tar, largest!.uncompressed())
  })
  const by = (name: string, engine: typeof byZlib): Contender => ({
    name,
    run: () => written(packed, engine(fileBytes(tar, { lent: true }))),
  })
  const contenders = [
    by('ocilab', gzipped),
    by('node:zlib -6', byZlib),
    program('gzip -6', ['sh', '-c', 'gzip -6nc "$0" > "$1"', tar, packed]),
  ].map(contender => ({ ...contender, result: () => unpackedDigest(packed) }))
  // Two threads of zlib take half the time of one: the goal is 0.4 of that.
  return { name: `compress for a push: ${image}`, goal: 0.2, ours: contenders[0]!, peers: contenders.slice(1) }
}

function written(path: string, bytes: Bytes): Promise<void> {
  return pipeline(Readable.from(bytes, { objectMode: false }), createWriteStream(path))
}

async function unpackedDigest(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of decompressed(fileBytes(path), path)) hash.update(chunk)
  rmSync(path)
  return hash.digest('hex')
}
