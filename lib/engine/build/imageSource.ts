import { collect } from '../../bytes/collect.ts'
import { readTar } from '../../bytes/readTar.ts'
import type { TarEntry } from '../../bytes/tar.ts'
import { whileWanted } from '../../bytes/untilAborted.ts'
import { OciError } from '../../errors.ts'
import type { Layer } from '../../image/image.ts'
import type { Inode, LayerTree } from '../../image/tree.ts'
import { unspokenFolder } from '../../rootfs/treeLower.ts'
import { shortDigest } from '../../spec/digest.ts'
import type { Staging } from '../../transport/staging.ts'
import { heldContent } from './heldContent.ts'
import type { CopySource, FileContent, SourceEntry } from './source.ts'

/** The files of an image, to copy from; `staging` keeps large ones until they are written. */
export function imageSource(tree: LayerTree, layers: readonly Layer[], staging: Staging): CopySource {
  const find: CopySource['find'] = async (path, { follow }) => {
    const place = tree.resolve(path, { followLast: follow })
    if (!place.exists) return undefined
    const { inode } = place
    if (!inode) return { path: place.path, header: unspokenFolder() }
    const { path: _name, ...header } = inode.header
    return { path: place.path, header, inode }
  }
  return {
    find,
    names: async folder => tree.names(folder),
    contents: (files, signal) => contentsOf(files, layers, staging, signal),
  }
}

/** A file of an image as text; nothing where there is no such file. Throws `TOO_LARGE` above `limit` bytes. */
export async function readText(
  tree: LayerTree,
  layers: readonly Layer[],
  path: string,
  limit: number,
): Promise<string> {
  const { inode } = tree.resolve(path)
  if (inode?.header.type !== 'file') return ''
  let index = 0
  for await (const entry of entriesOf(layers[inode.layer]!))
    if (index++ === inode.index) return Buffer.from(await collect(entry.body, limit, path)).toString()
  return ''
}

async function contentsOf(
  files: readonly SourceEntry[],
  layers: readonly Layer[],
  staging: Staging,
  signal: AbortSignal | undefined,
): Promise<Map<SourceEntry, FileContent>> {
  const byInode = new Map<Inode, FileContent>()
  const wanted = new Set(files.map(file => file.inode as Inode))
  for (const [number, layer] of layers.entries()) {
    const here = new Map([...wanted].filter(it => it.layer === number).map(it => [it.index, it]))
    if (here.size === 0) continue
    let index = 0
    for await (const entry of entriesOf(layer, signal)) {
      const inode = here.get(index++)
      if (!inode) continue
      byInode.set(inode, await heldContent(entry, staging))
      here.delete(inode.index)
      if (here.size === 0) break
    }
    if (here.size > 0)
      throw new OciError('TAR_INVALID', `layer ${shortDigest(layer.diffId)}: has changed while it was read`)
  }
  return new Map(files.map(file => [file, byInode.get(file.inode as Inode)!]))
}

function entriesOf(layer: Layer, signal?: AbortSignal): AsyncGenerator<TarEntry> {
  return readTar(whileWanted(layer.uncompressed(), signal), `layer ${shortDigest(layer.descriptor.digest)}`)
}
