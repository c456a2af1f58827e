import { closeSync } from 'node:fs'
import type { TarEntry, TarHeader, TarTime } from '../bytes/tar.ts'
import { UnpackError } from '../errors.ts'
import { emit, type Options } from '../events.ts'
import { effectOf } from '../image/whiteout.ts'
import { kernelError, type NativeRoot, native } from '../kernel.ts'
import { ancestorsOf, parentOf, pathBelow, toBytes } from './layerPath.ts'
import { writeBody } from './writeBody.ts'

const TYPE_BITS = { character: 0o020000, block: 0o060000, fifo: 0o010000 } as const
const S_IFMT = 0o170000
const S_IFDIR = 0o040000

/** Applies the entries of layer after layer to a root. image-spec layer.md § Applying Changesets. */
export class LayerWriter {
  private readonly root: NativeRoot
  private readonly options: Options & { rootless?: boolean }
  private where = ''
  /** What the present layer has written, with the folders above it: its whiteouts hide only what is not here. */
  private written = new Set<string>()
  /** Folders get mode and time last of all: what is put into them later would change the time, or be refused. */
  private readonly folders = new Map<string, { mode: number; mtime: TarTime }>()

  constructor(root: NativeRoot, options: Options & { rootless?: boolean }) {
    this.root = root
    this.options = options
  }

  get keepsOwners(): boolean {
    return !this.options.rootless
  }

  begin(where: string): void {
    this.where = where
    this.written = new Set()
  }

  async apply(entry: TarEntry): Promise<void> {
    const path = pathBelow(entry.path, this.where)
    const effect = effectOf(toBytes(path))
    if (effect.kind === 'opaque') return this.hideBelow(effect.path.toString('latin1'))
    if (effect.kind === 'whiteout') return this.hide(effect.path.toString('latin1'))
    if (path === '') return this.createRoot(entry)
    this.makeParents(path)
    this.makeRoom(path, entry)
    await this.create(path, entry)
    this.keep(path, entry)
  }

  /** Keeps in mind that the present layer has this member, and now it is there. */
  keep(path: string, entry: TarHeader): void {
    if (entry.type === 'directory') this.folders.set(path, { mode: entry.mode, mtime: entry.mtime })
    this.written.add(path)
    for (const folder of ancestorsOf(path)) {
      if (this.written.has(folder)) break
      this.written.add(folder)
    }
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
        if (!this.isFolder(path)) this.call('mkdir', path, () => this.root.mkdir(bytes, 0o700))
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
      await writeBody(fd, entry.body)
    } catch (error) {
      closeSync(fd)
      throw error
    }
    this.call('finish', path, () => native().finishFile(fd, owner, mode, mtime.seconds, mtime.nanoseconds))
    // A change of owner drops capabilities, so the xattrs that hold them come after it.
    this.setXattrs(path, entry)
  }

  private createHardlink(path: string, entry: TarEntry): void {
    const target = pathBelow(entry.linkpath!, this.where)
    if (target === '' || this.isFolder(target)) throw this.invalid(entry, `a hardlink to a folder, ${target || '/'}`)
    if (this.stat(target) === undefined)
      throw this.invalid(entry, `a hardlink to ${entry.linkpath}, which is not there`)
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

  /** The root is there already, whatever kind of member has its name. */
  private createRoot(entry: TarHeader): void {
    this.chown('', entry)
    this.setXattrs('', entry)
    this.folders.set('', { mode: entry.mode, mtime: entry.mtime })
  }

  /** Folders that no layer speaks of are made as they are needed. */
  private makeParents(path: string): void {
    const parent = parentOf(path)
    if (parent === '' || this.written.has(parent)) return
    // Through a symlink the folder may be elsewhere, but inside the root: openat2 sees to that.
    if (this.stat(parent) !== undefined) return
    this.makeParents(parent)
    this.call('mkdir', parent, () => this.root.mkdir(toBytes(parent), 0o755))
  }

  /** A later entry replaces an earlier one of the same name; only a folder over a folder keeps what is in it. */
  private makeRoom(path: string, entry: TarHeader): void {
    const mode = this.stat(path)
    if (mode === undefined || (entry.type === 'directory' && (mode & S_IFMT) === S_IFDIR)) return
    this.remove(path)
  }

  private hide(path: string): void {
    emit(this.options, { type: 'entry', change: 'whiteout', path })
    if (this.written.has(path)) this.removeLowerBelow(path)
    else this.remove(path)
  }

  private hideBelow(path: string): void {
    emit(this.options, { type: 'entry', change: 'opaque', path })
    this.removeLowerBelow(path)
  }

  private removeLowerBelow(path: string): void {
    if (!this.isFolder(path)) return
    for (const name of this.call('readdir', path, () => this.root.readdir(toBytes(path)))) {
      const child = path === '' ? name.toString('latin1') : `${path}/${name.toString('latin1')}`
      if (this.written.has(child)) this.removeLowerBelow(child)
      else this.remove(child)
    }
  }

  private remove(path: string): void {
    const mode = this.stat(path)
    if (mode === undefined) return
    this.call('remove', path, () => this.root.remove(toBytes(path)))
    if ((mode & S_IFMT) !== S_IFDIR) return
    for (const folder of this.folders.keys())
      if (folder === path || folder.startsWith(`${path}/`)) this.folders.delete(folder)
  }

  private chown(path: string, { uid, gid }: TarHeader): void {
    if (!this.options.rootless) this.call('chown', path, () => this.root.chown(toBytes(path), uid, gid))
  }

  private setTime(path: string, { mtime }: TarHeader): void {
    this.call('utimes', path, () => this.root.utimes(toBytes(path), mtime.seconds, mtime.nanoseconds))
  }

  private setXattrs(path: string, { xattrs }: TarHeader): void {
    for (const [name, value] of xattrs) {
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

  private stat(path: string): number | undefined {
    return this.call('stat', path, () => this.root.stat(toBytes(path)))
  }

  private isFolder(path: string): boolean {
    return ((this.stat(path) ?? 0) & S_IFMT) === S_IFDIR
  }

  private call<T>(what: string, path: string, work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw kernelError(error, `${what} ${toBytes(path || '/')}`)
    }
  }

  private invalid(entry: TarHeader, what: string): UnpackError {
    return new UnpackError('TAR_INVALID', `${this.where}: ${entry.path}: ${what}`, {
      where: this.where,
      got: String(entry.path),
    })
  }
}
