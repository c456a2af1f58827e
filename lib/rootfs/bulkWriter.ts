import { InHand } from '../bytes/inHand.ts'
import type { TarEntry } from '../bytes/tar.ts'
import { isOciError, UnpackError } from '../errors.ts'
import { pathBelow } from '../image/layerPath.ts'
import { isWhiteout } from '../image/whiteout.ts'
import type { NativeRoot } from '../kernel.ts'
import type { LayerWriter } from './layerWriter.ts'
import { type NewName, NewNames } from './newNames.ts'

// A larger file is worth calls of its own.
const SMALL = 64 << 10
const NOTHING = Buffer.alloc(0)

/**
 * Hands the members of a layer to a {@link LayerWriter}, in their order. Most are small and not there yet: those are written
 * down, and another thread makes hundreds at a time while the next are read, which halves the time of many small files. One
 * that is refused, because something is in its place or its folder is missing, is applied by itself; then the rest is made.
 */
export class BulkWriter {
  private readonly root: NativeRoot
  private readonly writer: LayerWriter
  private readonly where: string
  /** One is filled while the other is made. */
  private filling: NewNames
  private making: NewNames
  private made = Promise.resolve()

  constructor(root: NativeRoot, writer: LayerWriter, where: string) {
    this.root = root
    this.writer = writer
    this.where = where
    this.filling = new NewNames(writer.keepsOwners)
    this.making = new NewNames(writer.keepsOwners)
  }

  /** Writes the member down, or makes it; nothing to wait for where there is room for it. */
  apply(entry: TarEntry): Promise<void> | undefined {
    const path = this.simplePath(entry)
    if (path === undefined || !(entry.body instanceof InHand)) return this.applyAfterAll(entry)
    const data = entry.type === 'file' ? entry.body.all : (entry.linkpath ?? NOTHING)
    return this.filling.add({ path, entry }, data) ? undefined : this.addToNext({ path, entry }, data)
  }

  /** Waits until all that was applied is there. */
  async settle(): Promise<void> {
    if (this.filling.names.length > 0) await this.turn()
    await this.made
  }

  /** Waits until no thread works below the root any more, however it went. */
  async rest(): Promise<void> {
    await this.made.catch(() => undefined)
  }

  private async addToNext(name: NewName, data: Uint8Array): Promise<void> {
    await this.turn()
    this.filling.add(name, data)
  }

  private async applyAfterAll(entry: TarEntry): Promise<void> {
    await this.settle()
    await this.applyAlone(entry)
  }

  /** The path of a member that is simply there to be made; nothing for any other. */
  private simplePath({ type, path, size, xattrs }: TarEntry): string | undefined {
    if (xattrs.size > 0 || size > SMALL) return undefined
    if (type !== 'file' && type !== 'directory' && type !== 'symlink') return undefined
    try {
      const below = pathBelow(path, this.where)
      return below !== '' && !isWhiteout(below) ? below : undefined
    } catch {
      // It is refused when its turn comes, after what stands before it.
      return undefined
    }
  }

  private async turn(): Promise<void> {
    await this.made
    const full = this.filling
    this.filling = this.making
    this.making = full
    this.filling.clear()
    this.made = this.make(full)
    // Whoever waits for it gets the error.
    this.made.catch(() => undefined)
  }

  private async make(batch: NewNames): Promise<void> {
    for (let next = 0; next < batch.names.length; ) {
      const count = await this.root.make(batch.from(next))
      for (const name of batch.names.slice(next, next + count)) this.writer.keep(name.path, name.entry)
      next += count
      const refused = batch.names[next]
      if (refused) await this.applyAlone({ ...refused.entry, body: new InHand(batch.dataOf(next)) })
      next++
    }
  }

  private async applyAlone(entry: TarEntry): Promise<void> {
    try {
      await this.writer.apply(entry)
    } catch (error) {
      throw named(error, this.where, entry.path)
    }
  }
}

/** The same error, with the layer and the entry it is about. */
function named(error: unknown, where: string, path: Buffer): unknown {
  if (!isOciError(error) || error.message.startsWith(where)) return error
  return new UnpackError(
    error.code,
    `${where}: ${error.message}`,
    { ...error.data, where: `${where}: ${path}` },
    { cause: error },
  )
}
