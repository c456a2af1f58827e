import { closeSync } from 'node:fs'
import type { TarEntry, TarHeader, TarTime } from '../bytes/tar.ts'
import { UnpackError } from '../errors.ts'
import { emit, type Options } from '../events.ts'
import { inFolder, nameOf, parentOf, pathBelow, toBytes } from '../image/layerPath.ts'
import { effectOf } from '../image/whiteout.ts'
import { kernelError, type NativeRoot, native } from '../kernel.ts'
import { isFolderMode } from './fileKind.ts'
import { FolderFinder } from './folderFinder.ts'
import { NOT_THE_FILES_OWN } from './lower.ts'
import { writeBody } from './writeBody.ts'
import { Written } from './written.ts'

const TYPE_BITS = { character: 0o020000, block: 0o060000, fifo: 0o010000 } as const
// A folder that no layer speaks of.
const UNSPOKEN = { mode: 0o755, uid: 0, gid: 0 }

/**
 * Applies the entries of layer after layer to a root. image-spec layer.md § Applying Changesets.
 * Paths are held without links in them, so that what a layer says by one name it cannot take back by another.
 */
export class LayerWriter {
  private readonly root: NativeRoot
  private readonly options: Options & { rootless?: boolean }
  private readonly finder: FolderFinder
  private where = ''
  private written = new Written()
  /** Folders get mode and time last of all: what is put into them later would change the time, or be refused. */
  private readonly folders = new Map<string, { mode: number; mtime: TarTime }>()

  constructor(root: NativeRoot, options: Options & { rootless?: boolean }) {
    this.root = root
    this.options = options
    this.finder = new FolderFinder(root, path => this.invalid(toBytes(path), 'below what is no folder'))
  }

  get keepsOwners(): boolean {
    return !this.options.rootless
  }

  begin(where: string): void {
    this.where = where
    this.written = new Written()
  }

  async apply(entry: TarEntry): Promise<void> {
    const name = pathBelow(entry.path, this.where)
    const effect = effectOf(toBytes(name))
    if (effect.kind === 'opaque') return this.hideBelow(effect.path.toString('latin1'))
    if (effect.kind === 'whiteout') return this.hide(effect.path.toString('latin1'))
    if (name === '') return this.keepRoot(entry)
    const path = inFolder(this.finder.make(parentOf(name)), nameOf(name))
    this.makeRoom(path, entry)
    await this.create(path, entry)
    this.keepAt(path, entry)
  }

  /** Keeps in mind that the present layer has this member, and now it is there. */
  keep(name: string, entry: TarHeader): void {
    const folder = this.finder.find(parentOf(name))
    this.keepAt(inFolder(folder ?? parentOf(name), nameOf(name)), entry)
  }

  private keepAt(path: string, entry: TarHeader): void {
    if (entry.type === 'directory') this.folders.set(path, { mode: entry.mode, mtime: entry.mtime })
    this.written.add(path)
    emit(this.options, { type: 'entry', change: 'written', path: String(entry.path) })
  }

  /** Gives all folders the mode and time their layers said. */
  finish(): void {
    for (const [path, { mode, mtime }] of this.folders) {
      this.call('chmod', path, () => this.root.chmod(toBytes(path), mode))
      this.call('utimes', path, () => this.root.utimes(toBytes(path), mtime.seconds, mtime.nanoseconds))
    }
  }

  private async create(path: string, entry: TarEntry): Promise<void> {
    const bytes = toBytes(path)
    switch (entry.type) {
      case 'directory':
        if (this.isFolder(path)) this.clearXattrs(path)
        else this.call('mkdir', path, () => this.root.mkdir(bytes, 0o700))
        this.chown(path, entry)
        return this.setXattrs(path, entry)
      case 'file':
        return this.createFile(path, entry)
      case 'symlink':
        this.call('symlink', path, () => this.root.symlink(bytes, entry.linkpath!))
        return this.finishSpecial(path, entry)
      case 'hardlink':
        // The other name has owner, mode and times already: they are the same file's.
        return this.createHardlink(path, entry)
      default:
        return this.createDevice(path, entry, TYPE_BITS[entry.type])
    }
  }

  private async createFile(path: string, entry: TarEntry): Promise<void> {
    const { uid, gid, mode, mtime } = entry
    const owner = this.options.rootless ? {} : { uid, gid }
    const fd = this.call('create', path, () => this.root.create(toBytes(path)))
    try {
      await writeBody(fd, entry.body, String(toBytes(path)))
    } catch (error) {
      closeSync(fd)
      throw error
    }
    this.call('finish', path, () => native().finishFile(fd, owner, mode, mtime.seconds, mtime.nanoseconds))
    // A change of owner drops capabilities, so the xattrs that hold them come after it.
    this.setXattrs(path, entry)
  }

  private createHardlink(path: string, entry: TarEntry): void {
    const target = this.placeOf(pathBelow(entry.linkpath!, this.where))
    if (target === '' || (target !== undefined && this.isFolder(target)))
      throw this.invalid(entry.path, `a hardlink to a folder, ${entry.linkpath}`)
    if (target === undefined || this.modeOf(target) === undefined)
      throw this.invalid(entry.path, `a hardlink to ${entry.linkpath}, which is not there`)
    this.call('link', path, () => this.root.link(toBytes(path), toBytes(target)))
  }

  private createDevice(path: string, entry: TarEntry, bits: number): void {
    if (this.options.rootless && entry.type !== 'fifo') {
      emit(this.options, { type: 'kernel', call: `mknod ${path}`, errno: 'EPERM' })
      return
    }
    this.call('mknod', path, () => this.root.mknod(toBytes(path), bits | 0o600, entry.devmajor, entry.devminor))
    this.finishSpecial(path, entry)
    this.call('chmod', path, () => this.root.chmod(toBytes(path), entry.mode))
    this.setTime(path, entry)
  }

  private finishSpecial(path: string, entry: TarHeader): void {
    this.chown(path, entry)
    this.setXattrs(path, entry)
    this.setTime(path, entry)
  }

  private keepRoot(entry: TarHeader): void {
    if (entry.type !== 'directory') throw this.invalid(entry.path, `the root is no folder but a ${entry.type}`)
    this.chown('', entry)
    this.setXattrs('', entry)
    this.folders.set('', { mode: entry.mode, mtime: entry.mtime })
  }

  /** A later entry replaces an earlier one of the same name; only a folder over a folder keeps what is in it. */
  private makeRoom(path: string, entry: TarHeader): void {
    const mode = this.modeOf(path)
    if (mode === undefined || (entry.type === 'directory' && isFolderMode(mode))) return
    this.remove(path)
  }

  private hide(name: string): void {
    emit(this.options, { type: 'entry', change: 'whiteout', path: name })
    const path = this.placeOf(name)
    if (path === undefined) return
    if (this.written.has(path)) this.removeLowerIn(path)
    else this.remove(path)
  }

  private hideBelow(name: string): void {
    emit(this.options, { type: 'entry', change: 'opaque', path: name })
    const path = this.finder.find(name)
    if (path !== undefined) this.removeLowerBelow(path)
  }

  /** What lower layers have in a folder, and say of the folder: if this layer needs it only for what is below, it is a new one. */
  private removeLowerIn(path: string): void {
    if (!this.isFolder(path)) return
    this.removeLowerBelow(path)
    if (this.written.hasItself(path)) return
    this.clearXattrs(path)
    this.chown(path, UNSPOKEN)
    this.call('chmod', path, () => this.root.chmod(toBytes(path), UNSPOKEN.mode))
    this.folders.delete(path)
  }

  private removeLowerBelow(path: string): void {
    for (const name of this.call('readdir', path, () => this.root.readdir(toBytes(path)))) {
      const child = inFolder(path, name.toString('latin1'))
      if (this.written.has(child)) this.removeLowerIn(child)
      else this.remove(child)
    }
  }

  private remove(path: string): void {
    const mode = this.modeOf(path)
    if (mode === undefined) return
    this.call('remove', path, () => this.root.remove(toBytes(path)))
    this.finder.forget()
    if (!isFolderMode(mode)) return
    for (const folder of this.folders.keys())
      if (folder === path || folder.startsWith(`${path}/`)) this.folders.delete(folder)
  }

  /** Where a name stands, its folder's links followed; nothing where there is no such folder. */
  private placeOf(name: string): string | undefined {
    const folder = this.finder.find(parentOf(name))
    return folder === undefined ? undefined : inFolder(folder, nameOf(name))
  }

  private chown(path: string, { uid, gid }: Pick<TarHeader, 'uid' | 'gid'>): void {
    if (!this.options.rootless) this.call('chown', path, () => this.root.chown(toBytes(path), uid, gid))
  }

  private setTime(path: string, { mtime }: TarHeader): void {
    this.call('utimes', path, () => this.root.utimes(toBytes(path), mtime.seconds, mtime.nanoseconds))
  }

  private setXattrs(path: string, { xattrs }: TarHeader): void {
    for (const [name, value] of xattrs) {
      // A layer that could write an overlay's notes could tell the kernel what to hide, or where to look.
      if (NOT_THE_FILES_OWN.test(name)) continue
      try {
        this.call(`setxattr ${name}`, path, () => this.root.setxattr(toBytes(path), name, value))
      } catch (error) {
        // A file system without xattrs is no reason to fail, but to say so; umoci does the same.
        const errno = (error as UnpackError).data?.errno
        if (errno !== 'EOPNOTSUPP' && !(this.options.rootless && errno === 'EPERM')) throw error
        emit(this.options, { type: 'kernel', call: `setxattr ${path} ${name}`, errno })
      }
    }
  }

  /** What a lower layer said of a folder does not hold for the one that a later layer says something of. */
  private clearXattrs(path: string): void {
    for (const [name] of this.call('xattrs', path, () => this.root.xattrs(toBytes(path))))
      if (!NOT_THE_FILES_OWN.test(name))
        this.call(`removexattr ${name}`, path, () => this.root.removexattr(toBytes(path), name))
  }

  private isFolder(path: string): boolean {
    return isFolderMode(this.modeOf(path))
  }

  private modeOf(path: string): number | undefined {
    return this.call('stat', path, () => this.root.stat(toBytes(path)))
  }

  private call<T>(what: string, path: string, work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw kernelError(error, `${what} ${toBytes(path || '/')}`)
    }
  }

  private invalid(whole: Buffer, what: string): UnpackError {
    const path = whole.length > 300 ? `${whole.subarray(0, 300)}…` : String(whole)
    return new UnpackError('TAR_INVALID', `${this.where}: ${path}: ${what}`, { where: this.where, got: path })
  }
}
