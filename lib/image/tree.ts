import type { TarHeader } from '../bytes/tar.ts'
import { OciError } from '../errors.ts'
import { inFolder, LONGEST_PATH, MOST_SYMLINKS, partsWithin, pathBelow } from './layerPath.ts'
import { type Effect, effectOf, isWhiteout } from './whiteout.ts'

/** A file as a layer brought it: hardlinks are several names of one inode. */
export interface Inode {
  readonly layer: number
  /** Which member of the layer's tar it is. */
  readonly index: number
  readonly header: TarHeader
}

/** A name that is left when all layers are applied; without inode it is a folder that no layer speaks of. */
export interface Survivor {
  /** One character a byte; empty for the root. */
  readonly path: string
  readonly inode?: Inode
}

/** Where a path leads in a tree, symlinks followed as the kernel does with the tree as its root. */
export interface Place {
  /** Without symlinks, dots or slashes around it; empty for the root. One character a byte. */
  readonly path: string
  readonly exists: boolean
  readonly isFolder: boolean
  /** Nothing for a folder that no layer speaks of. */
  readonly inode?: Inode
}

interface Node {
  inode?: Inode
  /** The layer that last wrote this name: whiteouts hide lower layers only. */
  layer: number
  children: Map<string, Node>
}

const SLASH = 47
// Of all that holds no names: of many files a map each would be a fifth of the memory.
const NO_NAMES: Node['children'] = new Map()

/** The tree that layers make when they are laid over each other, in memory and without contents. image-spec layer.md § Applying. */
export class LayerTree {
  readonly #root: Node = { layer: -1, children: new Map() }

  /** Lays one member over what is there. Throws `TAR_INVALID` for one that no file system could hold. */
  apply(header: TarHeader, layer: number, index: number): void {
    const path = pathBelow(header.path, 'entry')
    const effect: Effect = isWhiteout(path) ? effectOf(Buffer.from(path, 'latin1')) : { kind: 'add' }
    if (effect.kind === 'opaque') this.#hideChildren(effect.path, layer)
    else if (effect.kind === 'whiteout') this.#hide(effect.path, layer)
    else if (header.type === 'hardlink') this.#link(path, header, layer)
    else this.#add(path, { layer, index, header })
  }

  /** Everything that is left: a folder before what is in it, names in the order of their bytes. */
  survivors(): Generator<Survivor> {
    return visit(this.#root)
  }

  /** Follows a path; its last part too, unless told otherwise. Throws `TAR_INVALID` for symlinks that lead in circles. */
  resolve(path: string, { followLast = true } = {}): Place {
    const todo = path.split('/')
    let way: { name: string; node: Node | undefined }[] = []
    for (let followed = 0; todo.length > 0; ) {
      const name = todo.shift()!
      if (name === '' || name === '.') continue
      if (name === '..') {
        way.pop()
        continue
      }
      const here = way.length === 0 ? this.#root : way.at(-1)!.node
      const node = here?.children.get(name)
      const link = node?.inode?.header.type === 'symlink' ? node.inode.header.linkpath : undefined
      if (link && (followLast || todo.some(part => part !== ''))) {
        if (++followed > MOST_SYMLINKS) throw invalid(Buffer.from(path, 'latin1'), 'too many symlinks on the way')
        if (link[0] === SLASH) way = []
        todo.unshift(...link.toString('latin1').split('/'))
      } else way.push({ name, node })
    }
    const node = way.length === 0 ? this.#root : way.at(-1)!.node
    const exists = node !== undefined
    return {
      path: way.map(({ name }) => name).join('/'),
      exists,
      isFolder: exists && holdsNames(node),
      inode: node?.inode,
    }
  }

  /** The names in a folder, in the order of their bytes; none when there is no such folder. */
  names(path: string): string[] {
    const node = this.#walk(partsWithin(path))
    return node ? [...node.children.keys()].sort() : []
  }

  #add(path: string, inode: Inode): void {
    const { header } = inode
    const { folders, name } = split(path)
    const isFolder = header.type === 'directory'
    if (name === undefined) {
      if (!isFolder) throw invalid(header.path, `the root is no folder but a ${header.type}`)
      this.#root.inode = inode
      return
    }
    const parent = this.#makeFolder(folders, inode.layer)
    const before = parent.children.get(name)
    // A folder over a folder keeps what is in it; everything else replaces.
    const names = () => (before && holdsNames(before) ? before.children : new Map<string, Node>())
    const children = isFolder ? names() : NO_NAMES
    parent.children.set(name, { inode, layer: inode.layer, children })
  }

  #link(path: string, header: TarHeader, layer: number): void {
    const to = pathBelow(header.linkpath!, `${header.path}: a hardlink`)
    const { folders, name } = split(path)
    if (name === undefined) throw invalid(header.path, 'the root is no folder but a hardlink')
    const parent = this.#makeFolder(folders, layer)
    // It takes the place of what is there, even of what it would be a link to.
    parent.children.delete(name)
    const target = this.#find(to)
    if (!target?.inode || holdsNames(target))
      throw invalid(header.path, `a hardlink to what is not there (${header.linkpath})`)
    const { inode } = target
    parent.children.set(name, { inode, layer, children: NO_NAMES })
  }

  #hide(path: Buffer, layer: number): void {
    const { folders, name } = split(path.toString('latin1'))
    const parent = this.#walk(folders)
    const node = name === undefined ? undefined : parent?.children.get(name)
    if (!parent || !node) return
    if (holdsFrom(node, layer)) hideIn(node, layer)
    else parent.children.delete(name!)
  }

  #hideChildren(path: Buffer, layer: number): void {
    const node = this.#walk(partsWithin(path.toString('latin1')))
    if (node) hideBelow(node, layer)
  }

  #find(path: string): Node | undefined {
    const { folders, name } = split(path)
    return name === undefined ? this.#root : this.#walk(folders)?.children.get(name)
  }

  #makeFolder(folders: string[], layer: number): Node {
    return this.#walk(folders, layer)!
  }

  /** Goes down folder by folder, through symlinks as if the tree were the root; with `layer` it makes what is missing. */
  #walk(folders: string[], layer?: number, followed = 0): Node | undefined {
    if (followed > MOST_SYMLINKS)
      throw invalid(Buffer.from(folders.join('/'), 'latin1'), 'too many symlinks on the way')
    let node = this.#root
    // Links can lead deeper than any name, and then there is no name for what is there.
    if (lengthOf(folders) > LONGEST_PATH)
      throw invalid(Buffer.from(folders.join('/'), 'latin1'), `too deep (want at most ${LONGEST_PATH} bytes)`)
    for (const [at, part] of folders.entries()) {
      const child = node.children.get(part)
      const link = child?.inode?.header.type === 'symlink' ? child.inode.header.linkpath : undefined
      if (link) {
        const from = link[0] === SLASH ? [] : folders.slice(0, at)
        const path = [...from, link.toString('latin1'), ...folders.slice(at + 1)].join('/')
        return this.#walk(partsWithin(path), layer, followed + 1)
      }
      if (child && holdsNames(child)) node = child
      else if (layer === undefined) return undefined
      else if (child) throw invalid(Buffer.from(folders.join('/'), 'latin1'), `below ${part}, which is no folder`)
      else {
        const made: Node = { layer, children: new Map() }
        node.children.set(part, made)
        node = made
      }
    }
    return node
  }
}

/** Without recursion: folders may be nested deeply. */
function* visit(root: Node): Generator<Survivor> {
  const todo = [{ path: '', node: root }]
  for (let here = todo.pop(); here !== undefined; here = todo.pop()) {
    const { path, node } = here
    yield { path, inode: node.inode }
    const names = [...node.children.keys()].sort().reverse()
    for (const name of names) todo.push({ path: inFolder(path, name), node: node.children.get(name)! })
  }
}

function holdsNames(node: Node): boolean {
  return node.inode === undefined || node.inode.header.type === 'directory'
}

/** True when the node or something in it was written by this layer. */
function holdsFrom(node: Node, layer: number): boolean {
  return node.layer === layer || [...node.children.values()].some(child => holdsFrom(child, layer))
}

/** What lower layers have in a folder, and say of the folder: if this layer needs it only for what is below, it is a new one. */
function hideIn(node: Node, layer: number): void {
  hideBelow(node, layer)
  if (node.inode && holdsNames(node) && node.inode.layer !== layer) node.inode = undefined
}

function hideBelow(node: Node, layer: number): void {
  for (const [name, child] of node.children) {
    if (holdsFrom(child, layer)) hideIn(child, layer)
    else node.children.delete(name)
  }
}

/** A path's folders and its last part, which the root has not. */
function split(path: string): { folders: string[]; name: string | undefined } {
  const folders = partsWithin(path)
  const name = folders.pop()
  return { folders, name }
}

function lengthOf(folders: string[]): number {
  return folders.reduce((length, part) => length + 1 + part.length, -1)
}

function invalid(path: Buffer, what: string): OciError {
  const name = String(path.length > 100 ? `${path.subarray(0, 100)}…` : path)
  return new OciError('TAR_INVALID', `${name}: ${what}`, { got: name })
}
