import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryName } from '../bytes/file.ts'
import { readTar } from '../bytes/readTar.ts'
import { isSystemError } from '../errors.ts'
import type { Options } from '../events.ts'
import { chainIds } from '../image/chainId.ts'
import type { Layer } from '../image/image.ts'
import { effectOf } from '../image/whiteout.ts'
import { kernelError, native } from '../kernel.ts'
import { digestOf, hexOf, shortDigest } from '../spec/digest.ts'
import { LayerWriter } from './layerWriter.ts'
import { unpackLayers } from './unpack.ts'

const S_IFCHR = 0o020000
const OPAQUE = 'trusted.overlay.opaque'

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
    return folders.reverse()
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
    await mkdir(this.#folder, { recursive: true })
    const beside = temporaryName(target)
    await mkdir(beside, { mode: 0o755 })
    try {
      await make(beside)
      await moveInto(beside, target)
    } finally {
      await rm(beside, { recursive: true, force: true })
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
  const { Root } = native()
  const root = new Root(Buffer.from(folder))
  const where = `layer ${shortDigest(layer.diffId)}`
  try {
    const writer = new LayerWriter(root, {})
    writer.begin(where)
    for await (const entry of readTar(layer.uncompressed(), where)) {
      options.signal?.throwIfAborted()
      const effect = effectOf(entry.path)
      if (effect.kind === 'whiteout') root.mknod(effect.path, S_IFCHR, 0, 0)
      else if (effect.kind === 'opaque') root.setxattr(effect.path, OPAQUE, Buffer.from('y'))
      else await writer.apply(entry)
    }
    writer.finish()
  } catch (error) {
    throw error instanceof Error && 'errno' in error ? kernelError(error, where) : error
  } finally {
    root.close()
  }
}
