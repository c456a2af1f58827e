import type { TarInput, TarTime } from '../../bytes/tar.ts'
import { OciError } from '../../errors.ts'
import type { LayerTree, Place } from '../../image/tree.ts'
import { asText } from './source.ts'

export interface Owner {
  readonly uid: number
  readonly gid: number
}

/** A member of a layer in the making; `sameAs` is equal for the names of one file. */
export type Change = Omit<TarInput, 'path'> & { sameAs?: string }

const ROOT: Owner = { uid: 0, gid: 0 }
const FOLDER_MODE = 0o755

/**
 * The layer that an instruction makes on top of a tree: what it puts there, and the folders above that, as a layer of
 * docker's has them. The tree grows with it, so that what comes next sees it.
 */
export class Changes {
  readonly #tree: LayerTree
  readonly #layer: number
  readonly #now: TarTime
  readonly #latest: TarTime | undefined
  readonly #members = new Map<string, Change>()
  #count = 0

  /** `layer` is the number the new layer will have; no member gets a time after `latest`. */
  constructor(tree: LayerTree, layer: number, { now, latest }: { now: TarTime; latest?: TarTime }) {
    this.#tree = tree
    this.#layer = layer
    this.#now = now
    this.#latest = latest
  }

  /** What a path leads to by now. */
  look(path: string): Place {
    return this.#tree.resolve(path)
  }

  /** Makes a folder with those above it, as they are missing; one that is there stays as it is. Answers its real path. */
  makeFolder(path: string, owner: Owner = ROOT): string {
    const place = this.#tree.resolve(path)
    if (place.isFolder) return place.path
    if (place.exists) throw notFolder(path)
    // Only what is there can be a symlink, so from the first missing one on the path is real.
    const slash = place.path.lastIndexOf('/')
    if (slash > 0) this.makeFolder(place.path.slice(0, slash), owner)
    this.#add(place.path, { type: 'directory', mode: FOLDER_MODE, ...owner, mtime: this.#now })
    return place.path
  }

  /** Puts something at a real path, over whatever is there; only a folder over a folder keeps what is in it. */
  put(path: string, change: Change): void {
    const place = this.#tree.resolve(path, { followLast: false })
    if (change.type !== 'directory' && place.isFolder)
      for (const name of [...this.#members.keys()]) if (name.startsWith(`${path}/`)) this.#members.delete(name)
    this.#add(path, change)
  }

  /** The members in the order of their names, folders before what is in them; empty when nothing was put. */
  *members(): Generator<TarInput> {
    for (const path of [...this.#members.keys()]) this.#addAbove(path)
    const first = new Map<string, string>()
    for (const path of [...this.#members.keys()].sort()) {
      const { sameAs, ...change } = this.#members.get(path)!
      const member = { ...change, path: Buffer.from(path, 'latin1'), mtime: this.#clamped(change.mtime ?? this.#now) }
      const other = sameAs === undefined ? undefined : first.get(sameAs)
      if (sameAs !== undefined && other === undefined) first.set(sameAs, path)
      if (other === undefined) yield member
      else yield { ...member, type: 'hardlink', linkpath: Buffer.from(other, 'latin1'), body: undefined, size: 0 }
    }
  }

  #add(path: string, change: Change): void {
    this.#members.set(path, change)
    const { body: _body, sameAs: _sameAs, ...rest } = change
    const header = {
      mode: 0,
      uid: 0,
      gid: 0,
      size: 0,
      mtime: this.#now,
      devmajor: 0,
      devminor: 0,
      xattrs: new Map(),
      ...rest,
    }
    this.#tree.apply({ ...header, path: Buffer.from(path, 'latin1') }, this.#layer, this.#count++)
  }

  /** The folders above, as they are. */
  #addAbove(path: string): void {
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      const folder = path.slice(0, slash)
      if (this.#members.has(folder)) continue
      const { inode } = this.#tree.resolve(folder, { followLast: false })
      if (!inode) this.#members.set(folder, { type: 'directory', mode: FOLDER_MODE, ...ROOT })
      else {
        const { path: _path, ...header } = inode.header
        this.#members.set(folder, header)
      }
    }
  }

  #clamped(time: TarTime): TarTime {
    return this.#latest && time.seconds >= this.#latest.seconds ? this.#latest : time
  }
}

function notFolder(path: string): OciError {
  return new OciError('ARGUMENT_INVALID', `cannot copy to non-directory: /${asText(path).replace(/^\//, '')}`, {
    where: path,
  })
}
