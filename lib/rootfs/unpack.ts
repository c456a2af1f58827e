import type { TarEntry } from '../bytes/tar.ts'
import { type Options, say } from '../events.ts'
import type { Image, Layer } from '../image/image.ts'
import { Budget, type Limits, layerName } from '../image/limits.ts'
import { type NativeRoot, openRoot } from '../kernel.ts'
import { BulkWriter } from './bulkWriter.ts'
import { LayerWriter } from './layerWriter.ts'
import { fillFolder } from './target.ts'

export interface UnpackOptions extends Options {
  /** Leave owners and devices alone: for an ordinary user. ≙ `umoci unpack --rootless` */
  rootless?: boolean
  /** {@link LIMITS} where it says nothing. */
  limits?: Partial<Limits>
}

/**
 * Turns the layers of an image into files, lowest layer first. ≙ `oci-image-tool unpack`
 * Throws `TARGET_EXISTS`, `PATH_ESCAPES_ROOT`, `TAR_INVALID`, `TOO_LARGE`, `NOT_PERMITTED`; a target that was not there is then not there.
 */
export async function unpack(image: Image, target: string, options: UnpackOptions = {}): Promise<void> {
  say(options, `oci-image-tool unpack ${target}`)
  await fillFolder(target, folder => unpackLayers(image.layers, folder, options))
}

/** Writes layers into an empty folder, lowest first. */
export async function unpackLayers(layers: readonly Layer[], folder: string, options: UnpackOptions): Promise<void> {
  const root = openRoot(folder)
  try {
    const writer = new LayerWriter(root, options)
    const budget = new Budget(options.limits)
    for (const layer of layers)
      await unpackLayer(budget.runsOf(layer, options, { lent: true }), root, writer, layerName(layer))
    writer.finish()
  } finally {
    root.close()
  }
}

async function unpackLayer(
  runs: AsyncIterable<TarEntry[]>,
  root: NativeRoot,
  writer: LayerWriter,
  where: string,
): Promise<void> {
  writer.begin(where)
  const bulk = new BulkWriter(root, writer, where)
  try {
    for await (const run of runs)
      for (const entry of run) {
        // One that is only written down for later needs no waiting.
        const applied = bulk.apply(entry)
        if (applied) await applied
      }
    await bulk.settle()
  } finally {
    await bulk.rest()
  }
}
