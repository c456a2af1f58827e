import { readdirSync } from 'node:fs'
import { type NativeRoot, openRoot } from '../kernel.ts'
import { type DiskEntry, diskEntry, isOpaque, isWhiteout, placeOf } from './diskEntry.ts'
import type { Lower } from './lower.ts'

/** The folders an overlay is laid over, looked at without mounting anything: the topmost first. */
export class LowerFolders implements Lower {
  readonly folders: readonly string[]
  readonly #roots: NativeRoot[]

  constructor(folders: readonly string[]) {
    this.folders = folders
    this.#roots = folders.map(openRoot)
  }

  header(path: string): DiskEntry['header'] | undefined {
    return this.#locate(path)?.entry.header
  }

  /** The names in a folder, from all that have it. */
  names(path: string): string[] {
    const names = new Set<string>()
    const hidden = new Set<string>()
    for (const [index, folder] of this.folders.entries()) {
      const entry = diskEntry(folder, path, this.#roots[index]!)
      if (!entry) continue
      if (entry.header.type !== 'directory') break
      for (const name of readdirSync(placeOf(folder, path), { encoding: 'buffer' }).map(it => it.toString('latin1'))) {
        if (hidden.has(name)) continue
        const child = diskEntry(folder, path === '' ? name : `${path}/${name}`, this.#roots[index]!)
        hidden.add(name)
        if (child && !isWhiteout(child)) names.add(name)
      }
      if (isOpaque(this.#roots[index]!, path)) break
    }
    return [...names].sort()
  }

  close(): void {
    for (const root of this.#roots) root.close()
  }

  #locate(path: string): { entry: DiskEntry } | undefined {
    for (const [index, folder] of this.folders.entries()) {
      const root = this.#roots[index]!
      // A folder above may be hidden, or be no folder, in this layer: then those below have nothing to say.
      const parts = path.split('/')
      for (let depth = 1; depth < parts.length; depth++) {
        const above = parts.slice(0, depth).join('/')
        const entry = diskEntry(folder, above, root)
        if (entry && entry.header.type !== 'directory') return undefined
      }
      const entry = diskEntry(folder, path, root)
      if (entry) return isWhiteout(entry) ? undefined : { entry }
      if (path !== '' && parts.some((_, depth) => isHiding(folder, parts.slice(0, depth).join('/'), root)))
        return undefined
    }
    return undefined
  }
}

/** An opaque folder hides what is in the same folder further down. */
function isHiding(folder: string, path: string, root: NativeRoot): boolean {
  return diskEntry(folder, path, root)?.header.type === 'directory' && isOpaque(root, path)
}
