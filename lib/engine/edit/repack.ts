import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { writeTar } from '../../bytes/writeTar.ts'
import { OciError } from '../../errors.ts'
import { type Options, say } from '../../events.ts'
import type { BlobStore, Image } from '../../image/image.ts'
import { folderDiff } from '../../rootfs/diff.ts'
import { TreeLower, treeOf } from '../../rootfs/treeLower.ts'
import { editImage } from './edit.ts'
import { layerOf } from './newLayer.ts'

/**
 * The image with one more layer: what was changed in its unpacked bundle since. Throws `CONFIG_INVALID` where there is no
 * bundle. ≙ `umoci repack --image IMAGE BUNDLE`
 */
export async function repack(image: Image, bundle: string, blobs: BlobStore, options: Options = {}): Promise<Image> {
  say(options, `umoci repack --image IMAGE ${bundle}`)
  const rootfs = rootfsOf(bundle)
  const lower = new TreeLower(await treeOf(image.layers, options))
  const members = [...folderDiff(rootfs, lower)]
  if (members.length === 0) return image
  const layer = await layerOf(writeTar(members), blobs, options)
  const created = new Date().toISOString()
  const history = [...wholeHistory(image), { created, created_by: 'ocilab repack' }]
  return editImage(image, { layers: [...image.layers, layer], history, created }, blobs)
}

/** Where an unpacker puts the files of a bundle, whatever its config.json has been made to say since. */
function rootfsOf(bundle: string): string {
  const rootfs = join(bundle, 'rootfs')
  // Nothing but a folder has a `.` in it.
  if (existsSync(`${rootfs}/.`)) return rootfs
  throw new OciError('CONFIG_INVALID', `${bundle}: no bundle (want a folder rootfs in it)`, {
    where: bundle,
    want: 'rootfs',
    hint: 'ocilab unpack --bundle IMAGE FOLDER makes one',
  })
}

/** Readers match lines to layers one by one, so that every layer needs one: history itself is optional. */
export function wholeHistory({ config: { history = [], rootfs } }: Image) {
  const told = history.filter(line => !line.empty_layer).length
  return [...history, ...Array.from({ length: rootfs.diff_ids.length - told }, () => ({}))]
}
