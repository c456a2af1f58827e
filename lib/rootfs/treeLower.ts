import type { TarHeader } from '../bytes/tar.ts'
import type { Options } from '../events.ts'
import type { Layer } from '../image/image.ts'
import { Budget } from '../image/limits.ts'
import { LayerTree } from '../image/tree.ts'
import type { Lower } from './lower.ts'

const FOLDER_MODE = 0o755

/** The files that layers make when they are laid over each other, without their contents. */
export async function treeOf(layers: readonly Layer[], options?: Options): Promise<LayerTree> {
  const tree = new LayerTree()
  const budget = new Budget()
  for (const [number, layer] of layers.entries())
    for (const [index, header] of (await headersOf(layer, budget, options)).entries()) tree.apply(header, number, index)
  return tree
}

/** The members of a layer without their contents. */
export async function headersOf(layer: Layer, budget = new Budget(), options?: Options): Promise<TarHeader[]> {
  const headers: TarHeader[] = []
  for await (const { body: _unread, ...header } of budget.entriesOf(layer, options)) headers.push(header)
  return headers
}

/** What an image would unpack to, to compare a folder with. */
export class TreeLower implements Lower {
  readonly #tree: LayerTree

  constructor(tree: LayerTree) {
    this.#tree = tree
  }

  header(path: string): Omit<TarHeader, 'path'> | undefined {
    const { exists, inode } = this.#tree.resolve(path, { followLast: false })
    if (!exists) return undefined
    return inode?.header ?? unspokenFolder()
  }

  names(path: string): string[] {
    return this.#tree.names(path)
  }
}

/** A folder that no layer speaks of: it is made as it is needed. */
export function unspokenFolder(): Omit<TarHeader, 'path'> {
  const mtime = { seconds: 0, nanoseconds: 0 }
  const zero = { uid: 0, gid: 0, size: 0, devmajor: 0, devminor: 0 }
  return { type: 'directory', mode: FOLDER_MODE, ...zero, mtime, xattrs: new Map() }
}
