import type { Bytes } from '../bytes/bytes.ts'
import { readTar } from '../bytes/readTar.ts'
import type { TarInput } from '../bytes/tar.ts'
import { writeTar } from '../bytes/writeTar.ts'
import { type Options, say } from '../events.ts'
import { shortDigest } from '../spec/digest.ts'
import type { Image, Layer } from './image.ts'
import { LayerTree } from './tree.ts'

/**
 * The files a container of this image would see, as one tar. ≙ `docker export` without what the engine adds.
 * The layers are read twice: once to know what survives, once for its contents, so that no content waits in memory.
 */
export function flatten(image: Image, options?: Options): Bytes {
  say(options, 'docker export')
  return writeTar(survivors(image, options))
}

async function* survivors(image: Image, options?: Options): AsyncGenerator<TarInput> {
  const { named, implied } = (await treeOf(image, options)).survivors()
  for (const path of implied) yield { path, type: 'directory' }
  const alive = new Map([...named].map(([inode, names]) => [key(inode.layer, inode.index), names]))
  for (const [layer, member] of membersOf(image)) {
    let index = 0
    for await (const entry of member) {
      options?.signal?.throwIfAborted()
      const [first, ...others] = alive.get(key(layer, index++)) ?? []
      if (first === undefined) continue
      yield { ...entry, path: orRoot(first) }
      for (const path of others)
        yield { ...entry, path, type: 'hardlink', linkpath: first, body: undefined, size: 0, xattrs: undefined }
    }
  }
}

async function treeOf(image: Image, options?: Options): Promise<LayerTree> {
  const tree = new LayerTree()
  for (const [layer, members] of membersOf(image)) {
    let index = 0
    for await (const { body: _unread, ...header } of members) {
      options?.signal?.throwIfAborted()
      tree.apply(header, layer, index++)
    }
  }
  return tree
}

function membersOf(image: Image) {
  return image.layers.map(
    (layer: Layer, index) =>
      [index, readTar(layer.uncompressed(), `layer ${shortDigest(layer.descriptor.digest)}`)] as const,
  )
}

function key(layer: number, index: number): string {
  return `${layer}/${index}`
}

// The root folder itself has a name too.
function orRoot(path: Buffer): Buffer {
  return path.length === 0 ? Buffer.from('./') : path
}
