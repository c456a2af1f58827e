import { constants } from 'node:os'
import type { OciError } from '../errors.ts'
import { inFolder, MOST_SYMLINKS, nameOf, parentOf, partsWithin, toBytes } from '../image/layerPath.ts'
import { kernelError, type NativeRoot } from '../kernel.ts'
import { isSymlinkMode } from './fileKind.ts'

/** Where folders are, links followed as if the root were `/`. Layers come folder by folder, so the last one is remembered. */
export class FolderFinder {
  readonly #root: NativeRoot
  readonly #noFolder: (path: string) => OciError
  #last: { name: string; path: string } | undefined

  constructor(root: NativeRoot, noFolder: (path: string) => OciError) {
    this.#root = root
    this.#noFolder = noFolder
  }

  /** To be called when something was removed. */
  forget(): void {
    this.#last = undefined
  }

  /** The path without links in it; nothing where there is no such folder. Throws for links in a circle, and for what is too deep. */
  find(name: string): string | undefined {
    if (name === '') return ''
    if (this.#last?.name === name) return this.#last.path
    const path = this.#real(name)
    if (path !== undefined) this.#last = { name, path }
    return path
  }

  /** The same, and what is missing is made: also where a link says it should be. umoci and containerd do so. */
  make(name: string, followed = 0): string {
    const found = this.find(name)
    if (found !== undefined) return found
    const path = inFolder(this.make(parentOf(name), followed), nameOf(name))
    const mode = this.#call('stat', path, () => this.#root.stat(toBytes(path)))
    if (mode === undefined) {
      this.#call('mkdir', path, () => this.#root.mkdir(toBytes(path), 0o755))
      return path
    }
    if (!isSymlinkMode(mode) || followed === MOST_SYMLINKS) throw this.#noFolder(path)
    const target = this.#call('readlink', path, () => this.#root.readlink(toBytes(path)).toString('latin1'))
    return this.make(
      partsWithin(target.startsWith('/') ? target : inFolder(parentOf(path), target)).join('/'),
      followed + 1,
    )
  }

  #real(name: string): string | undefined {
    return this.#call('look for', name, () => this.#root.real(toBytes(name))?.toString('latin1'))
  }

  #call<T>(what: string, path: string, work: () => T): T {
    try {
      return work()
    } catch (error) {
      const { errno } = error as { errno?: number }
      // Too deep, or links in a circle.
      if (errno === constants.errno.ENAMETOOLONG || errno === constants.errno.ELOOP) throw this.#noFolder(path)
      throw kernelError(error, `${what} ${toBytes(path)}`)
    }
  }
}
