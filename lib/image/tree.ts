import type { TarHeader } from '../bytes/tar.ts'
import { effectOf } from './whiteout.ts'

/** A file as a layer brought it: hardlinks are several names of one inode. */
export interface Inode {
  readonly layer: number
  /** Which member of the layer's tar it is. */
  readonly index: number
  header: TarHeader
}

interface Node {
  /** Absent for a folder no layer speaks of: it only holds what is in it. */
  inode?: Inode
  /** The layer that last wrote this name: whiteouts hide lower layers only. */
  layer: number
  readonly children: Map<string, Node>
}

const DEEPEST_SYMLINKS = 40

/** The tree that layers make when they are laid over each other, in memory and without contents. image-spec layer.md § Applying. */
export class LayerTree {
  private readonly root: Node = { layer: -1, children: new Map() }

  apply(header: TarHeader, layer: number, index: number): void {
    const effect = effectOf(trimmed(header.path))
    if (effect.kind === 'opaque') this.hideChildren(effect.path, layer)
    else if (effect.kind === 'whiteout') this.hide(effect.path, layer)
    else if (header.type === 'hardlink') this.link(header, layer)
    else this.add(header, { layer, index, header })
  }

  /** Every inode that is left, with its names; and the folders that no layer speaks of. Parents come before children. */
  survivors(): { named: Map<Inode, Buffer[]>; implied: Buffer[] } {
    const named = new Map<Inode, Buffer[]>()
    const implied: Buffer[] = []
    const visit = (node: Node, path: string) => {
      const name = Buffer.from(path, 'latin1')
      if (node.inode) named.set(node.inode, [...(named.get(node.inode) ?? []), name])
      else if (path !== '') implied.push(name)
      for (const [child, below] of node.children) visit(below, path === '' ? child : `${path}/${child}`)
    }
    visit(this.root, '')
    return { named, implied }
  }

  private add(header: TarHeader, inode: Inode): void {
    const place = this.place(header.path, inode.layer)
    if (place === undefined)
      return void Object.assign(this.root, { inode: header.type === 'directory' ? inode : undefined })
    const { parent, name } = place
    const before = parent.children.get(name)
    // A folder over a folder keeps what is in it; everything else replaces.
    const children =
      header.type === 'directory' && before && isFolder(before) ? before.children : new Map<string, Node>()
    parent.children.set(name, { inode, layer: inode.layer, children })
  }

  private link(header: TarHeader, layer: number): void {
    const target = this.find(header.linkpath ?? Buffer.alloc(0))
    const place = this.place(header.path, layer)
    if (!target?.inode || !place) return
    place.parent.children.set(place.name, { inode: target.inode, layer, children: new Map() })
  }

  private hide(path: Buffer, layer: number): void {
    const place = this.place(path, layer)
    const node = place?.parent.children.get(place.name)
    if (!place || !node) return
    if (node.layer < layer && !holdsFrom(node, layer)) place.parent.children.delete(place.name)
    else hideBelow(node, layer)
  }

  private hideChildren(path: Buffer, layer: number): void {
    const node = this.find(path)
    if (node) hideBelow(node, layer)
  }

  /** The folder a name stands in (made when it is not there) and its last part; undefined for the root itself. */
  private place(path: Buffer, layer: number): { parent: Node; name: string } | undefined {
    const parts = partsOf(path)
    const name = parts.pop()
    if (name === undefined) return undefined
    return { parent: this.walk(parts, layer)!, name }
  }

  private find(path: Buffer): Node | undefined {
    const parts = partsOf(path)
    const name = parts.pop()
    if (name === undefined) return this.root
    return this.walk(parts)?.children.get(name)
  }

  /** Goes down folder by folder, through symlinks as if the tree were the root; with `layer` it makes what is missing. */
  private walk(parts: string[], layer?: number, followed = 0): Node | undefined {
    let trail: string[] = []
    let node = this.root
    for (const [at, part] of parts.entries()) {
      const child = node.children.get(part)
      const target = child?.inode?.header.type === 'symlink' ? child.inode.header.linkpath : undefined
      if (target && followed < DEEPEST_SYMLINKS) {
        const from = target[0] === 47 ? [] : trail
        return this.walk(
          [...partsOf(Buffer.concat([Buffer.from(`${from.join('/')}/`, 'latin1'), target])), ...parts.slice(at + 1)],
          layer,
          followed + 1,
        )
      }
      if (child && isFolder(child)) node = child
      else if (layer === undefined) return undefined
      else {
        const made: Node = { layer, children: new Map() }
        node.children.set(part, made)
        node = made
      }
      trail = [...trail, part]
    }
    return node
  }
}

function isFolder(node: Node): boolean {
  return node.inode === undefined || node.inode.header.type === 'directory'
}

/** True when something of this layer lies in the subtree. */
function holdsFrom(node: Node, layer: number): boolean {
  return node.layer === layer || [...node.children.values()].some(child => holdsFrom(child, layer))
}

function hideBelow(node: Node, layer: number): void {
  for (const [name, child] of node.children) {
    if (!holdsFrom(child, layer)) node.children.delete(name)
    else hideBelow(child, layer)
  }
}

/** A path cleaned as if the tree were the root: no empty parts, no dots, and no way up beyond the top. */
function partsOf(path: Buffer): string[] {
  const parts: string[] = []
  for (const part of path.toString('latin1').split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return parts
}

function trimmed(path: Buffer): Buffer {
  let end = path.length
  while (end > 0 && path[end - 1] === 47) end--
  return path.subarray(0, end)
}
