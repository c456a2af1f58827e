import type { Bytes } from '../bytes/bytes.ts'
import { Scratch } from '../bytes/scratch.ts'
import type { TarHeader, TarInput } from '../bytes/tar.ts'
import { whileWanted } from '../bytes/untilAborted.ts'
import { writeTar } from '../bytes/writeTar.ts'
import { isOciError, OciError } from '../errors.ts'
import { type Options, say } from '../events.ts'
import type { Image, Layer, ReadHow } from './image.ts'
import { toBytes } from './layerPath.ts'
import { Budget, type Limits, layerName } from './limits.ts'
import { type Inode, LayerTree } from './tree.ts'

export interface FlattenOptions extends Options, ReadHow {
  /** {@link LIMITS} where it says nothing. */
  limits?: Partial<Limits>
}

/**
 * The files a container of this image would see, as one tar. ≙ `docker export` without what the engine adds.
 * Only when all layers are read is it known what survives: until then contents wait in a file, not in memory, which takes a
 * third of the time that a second reading of the layers took. Throws `TAR_INVALID`, `TOO_LARGE` and what the layers throw.
 */
export function flatten(image: Image, options?: FlattenOptions): Bytes {
  say(options, 'docker export')
  // One file may be most of it: an interrupt does not wait for its end.
  return whileWanted(writeTar(members(image, options)), options?.signal)
}

async function* members(image: Image, options?: FlattenOptions): AsyncGenerator<TarInput> {
  const scratch = new Scratch()
  try {
    const { tree, places } = await read(image, scratch, options)
    const names = new Map<Inode, string[]>()
    // Folders first, then all the rest can be put into them.
    for (const { path, inode } of tree.survivors()) {
      if (path === '') continue
      if (inode === undefined) yield { path: toBytes(path), type: 'directory' }
      else if (inode.header.type === 'directory') yield { ...inode.header, path: toBytes(path) }
      else names.set(inode, [...(names.get(inode) ?? []), path])
    }
    for (const [{ header }, paths] of names) if (header.type !== 'file') yield* named(header, paths)
    for (const inode of inOrder(names.keys())) {
      const { header, layer, index } = inode
      if (header.type !== 'file') continue
      const body = await scratch.contents(places[layer]![index]!, header.size, options)
      yield* named({ ...header, body }, names.get(inode)!)
    }
  } finally {
    await scratch.close()
  }
}

/** As they came: so the scratch file is read from its beginning to its end. */
function inOrder(inodes: Iterable<Inode>): Inode[] {
  return [...inodes].sort((a, b) => a.layer - b.layer || a.index - b.index)
}

/** A member under its first name; the others are links to it. */
function* named(member: TarInput, paths: readonly string[]): Generator<TarInput> {
  const [first, ...others] = paths.map(toBytes)
  yield { ...member, path: first! }
  for (const path of others)
    yield { ...member, path, type: 'hardlink', linkpath: first, body: undefined, size: 0, xattrs: undefined }
}

/** Reads all layers, each once; `places` says where in the scratch file the contents of each layer's members are. */
async function read(
  image: Image,
  scratch: Scratch,
  options?: FlattenOptions,
): Promise<{ tree: LayerTree; places: number[][] }> {
  const tree = new LayerTree()
  const places: number[][] = []
  const budget = new Budget(options?.limits)
  for (const [number, layer] of image.layers.entries()) {
    const inLayer: number[] = []
    places.push(inLayer)
    for await (const run of budget.runsOf(layer, options, { lent: true }))
      for (const entry of run) {
        // What is kept has no hold of the contents; this is the fast way to make such a copy.
        const header = { ...entry, body: undefined }
        apply(tree, header, layer, number, inLayer.length)
        inLayer.push(entry.type === 'file' ? await scratch.add(entry.body) : 0)
      }
  }
  await scratch.flush()
  return { tree, places }
}

// The tree knows members but not whose they are.
function apply(tree: LayerTree, header: TarHeader, layer: Layer, number: number, index: number): void {
  try {
    tree.apply(header, number, index)
  } catch (error) {
    if (!isOciError(error)) throw error
    const where = layerName(layer)
    throw new OciError(error.code, `${where}: ${error.message}`, { ...error.data, where }, { cause: error })
  }
}
