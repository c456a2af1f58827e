import { existsSync } from 'node:fs'
import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { TarEntry } from '../bytes/tar.ts'
import { isSystemError } from '../errors.ts'
import type { Options } from '../events.ts'
import { chainIds } from '../image/chainId.ts'
import type { Layer } from '../image/image.ts'
import { ancestorsOf, pathBelow, toBytes } from '../image/layerPath.ts'
import { Budget, layerName } from '../image/limits.ts'
import { effectOf } from '../image/whiteout.ts'
import { kernelError, openRoot } from '../kernel.ts'
import { digestOf, hexOf } from '../spec/digest.ts'
import { stagingIn } from '../transport/staging.ts'
import { isFolderMode } from './fileKind.ts'
import { LayerWriter } from './layerWriter.ts'
import { unpackLayers } from './unpack.ts'

const OPAQUE = 'trusted.overlay.opaque'
const PLAIN = { uid: 0, gid: 0, size: 0, devmajor: 0, devminor: 0, xattrs: new Map<string, Buffer>() }
const FOLDER = { ...PLAIN, type: 'directory', mode: 0o755 } satisfies Partial<TarEntry>
// How overlayfs keeps that something is gone.
const WHITEOUT = { ...PLAIN, type: 'character', mode: 0 } satisfies Partial<TarEntry>

/**
 * Layers as folders, to lay an overlay over: those an image came with in one folder, each that was added in one of its
 * own, in which whiteouts are what overlayfs takes for them. Names are short: the kernel is told all of them in one page.
 */
export class Snapshots {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  /** The folders of these layers, topmost first. The lowest `ground` of them are one folder. */
  async lower(layers: readonly Layer[], ground: number, options: Options = {}): Promise<string[]> {
    const folders: string[] = []
    const base = layers.slice(0, ground)
    if (base.length > 0) folders.push(await this.flat(base, options))
    for (const layer of layers.slice(ground)) folders.push(await this.#single(layer, options))
    // The kernel refuses a folder that is there twice. What the upper one says of its names hides what the lower one says.
    return [...new Set(folders.reverse())]
  }

  /** All of them as one folder. */
  async flat(layers: readonly Layer[], options: Options = {}): Promise<string> {
    const chain = chainIds(layers.map(({ diffId }) => diffId)).at(-1)!
    return this.#made(`flat ${chain}`, folder => unpackLayers(layers, folder, options))
  }

  /** Keeps what a container wrote as the folder of the layer that was made of it. */
  async adopt(upper: string, layer: Layer): Promise<void> {
    const target = this.#path(layer.diffId)
    await mkdir(this.#folder, { recursive: true })
    await moveInto(upper, target)
  }

  #single(layer: Layer, options: Options): Promise<string> {
    return this.#made(layer.diffId, folder => unpackForOverlay(layer, folder, options))
  }

  /** Made beside and renamed: a folder is whole, or not there. */
  async #made(name: string, make: (folder: string) => Promise<void>): Promise<string> {
    const target = this.#path(name)
    if (existsSync(target)) return target
    const staging = stagingIn(this.#folder)
    try {
      const beside = await staging.file()
      await mkdir(beside, { mode: 0o755 })
      await make(beside)
      await moveInto(beside, target)
    } finally {
      await staging.close()
    }
    return target
  }

  #path(name: string): string {
    return join(this.#folder, hexOf(digestOf(name)).slice(0, 12))
  }
}

/** Another build may have made the same in the meantime: then it is there. */
async function moveInto(folder: string, target: string): Promise<void> {
  try {
    await rename(folder, target)
  } catch (error) {
    if (!isSystemError(error, 'ENOTEMPTY') && !isSystemError(error, 'EEXIST')) throw error
  }
}

async function unpackForOverlay(layer: Layer, folder: string, options: Options): Promise<void> {
  const root = openRoot(folder)
  const where = layerName(layer)
  try {
    const writer = new LayerWriter(root, {})
    writer.begin(where)
    const hidden = new Set<string>()
    const written = new Set<string>()
    const hideBelow = (path: string) => root.setxattr(toBytes(path), OPAQUE, Buffer.from('y'))
    for await (const entry of new Budget().entriesOf(layer, options)) {
      const path = pathBelow(entry.path, where)
      const effect = effectOf(toBytes(path))
      if (effect.kind === 'opaque') {
        const below = effect.path.toString('latin1')
        if (below !== '' && !written.has(below)) await writer.apply({ ...entry, ...FOLDER, path: effect.path })
        hideBelow(below)
        continue
      }
      if (effect.kind === 'whiteout') {
        const name = effect.path.toString('latin1')
        hidden.add(name)
        // What the layer has there itself stays, and hides what is below it.
        if (!written.has(name)) await writer.apply({ ...entry, ...WHITEOUT, path: effect.path })
        else if (isFolderMode(root.stat(toBytes(name)))) hideBelow(name)
        continue
      }
      // A folder under a name that was hidden is a new one.
      for (const above of [...ancestorsOf(path)].reverse())
        if (hidden.has(above) && !written.has(above)) {
          await writer.apply({ ...entry, ...FOLDER, path: toBytes(above) })
          hideBelow(above)
        }
      await writer.apply(entry)
      if (entry.type === 'directory' && hidden.has(path)) hideBelow(path)
      for (const name of [path, ...ancestorsOf(path)]) written.add(name)
    }
    writer.finish()
  } catch (error) {
    throw error instanceof Error && 'errno' in error ? kernelError(error, where) : error
  } finally {
    root.close()
  }
}
