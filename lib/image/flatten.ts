import type { Bytes } from '../bytes/bytes.ts'
import type { TarInput } from '../bytes/tar.ts'
import { writeTar } from '../bytes/writeTar.ts'
import { isOciError, OciError } from '../errors.ts'
import { type Options, say } from '../events.ts'
import type { Image, Layer } from './image.ts'
import { Budget, type Limits, layerName } from './limits.ts'
import { type Inode, LayerTree } from './tree.ts'

export interface FlattenOptions extends Options {
  /** {@link LIMITS} where it says nothing. */
  limits?: Partial<Limits>
}

/**
 * The files a container of this image would see, as one tar. ≙ `docker export` without what the engine adds.
 * The layers are read twice: once to know what survives, once for its contents, so that no content waits in memory.
 * Throws `TAR_INVALID`, `TOO_LARGE` and what the layers throw.
 */
export function flatten(image: Image, options?: FlattenOptions): Bytes {
  say(options, 'docker export')
  return writeTar(members(image, options))
}

async function* members(image: Image, options?: FlattenOptions): AsyncGenerator<TarInput> {
  const tree = await treeOf(image, options)
  const names = new Map<Inode, Buffer[]>()
  // Folders first, then all the rest can be put into them.
  for (const { path, inode } of tree.survivors()) {
    if (path.length === 0) continue
    if (inode === undefined) yield { path, type: 'directory' }
    else if (inode.header.type === 'directory') yield { ...inode.header, path }
    else names.set(inode, [...(names.get(inode) ?? []), path])
  }
  for (const [{ header }, paths] of names) if (header.type !== 'file') yield* named(header, paths)
  const budget = new Budget(options?.limits)
  for (const [layer, files] of filesByLayer(names)) {
    let index = 0
    for await (const entry of budget.entriesOf(image.layers[layer]!, options)) {
      const paths = files.get(index++)
      if (paths) yield* named(entry, paths)
    }
  }
}

/** A member under its first name; the others are links to it. */
function* named(member: TarInput, [first, ...others]: Buffer[]): Generator<TarInput> {
  yield { ...member, path: first! }
  for (const path of others)
    yield { ...member, path, type: 'hardlink', linkpath: first, body: undefined, size: 0, xattrs: undefined }
}

/** For each layer with files that survive: which of its members they are, and their names. */
function filesByLayer(names: Map<Inode, Buffer[]>): Map<number, Map<number, Buffer[]>> {
  const layers = new Map<number, Map<number, Buffer[]>>()
  for (const [{ layer, index, header }, paths] of names) {
    if (header.type !== 'file') continue
    const files = layers.get(layer) ?? new Map<number, Buffer[]>()
    layers.set(layer, files.set(index, paths))
  }
  return layers
}

async function treeOf(image: Image, options?: FlattenOptions): Promise<LayerTree> {
  const tree = new LayerTree()
  const budget = new Budget(options?.limits)
  for (const [number, layer] of image.layers.entries()) {
    let index = 0
    for await (const { body: _unread, ...header } of budget.entriesOf(layer, options))
      inLayer(layer, () => tree.apply(header, number, index++))
  }
  return tree
}

// The tree knows members but not whose they are.
function inLayer(layer: Layer, change: () => void): void {
  try {
    change()
  } catch (error) {
    if (!isOciError(error)) throw error
    const where = layerName(layer)
    throw new OciError(error.code, `${where}: ${error.message}`, { ...error.data, where }, { cause: error })
  }
}
