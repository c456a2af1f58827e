import { readFileSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { bytesOf } from '../../bytes/collect.ts'
import type { TarHeader, TarInput } from '../../bytes/tar.ts'
import { whileWanted } from '../../bytes/untilAborted.ts'
import { writeTar } from '../../bytes/writeTar.ts'
import { isSystemError } from '../../errors.ts'
import type { Options } from '../../events.ts'
import type { Image, Layer } from '../../image/image.ts'
import { openImage } from '../../image/open.ts'
import { LayerTree } from '../../image/tree.ts'
import { headersOf } from '../../rootfs/treeLower.ts'
import type { Descriptor } from '../../spec/descriptor.ts'
import { type Digest, digestOf, hexOf } from '../../spec/digest.ts'
import { writeManifest } from '../../spec/manifest.ts'
import { OCI_CONFIG, OCI_LAYER, OCI_MANIFEST } from '../../spec/mediaTypes.ts'
import { type BlobDirectory, blobDirectory } from '../../transport/blobDirectory.ts'
import { addToIndex, layoutFiles, REF_NAME, readLayoutIndex } from '../../transport/layoutIndex.ts'
import { makeFolder, writeNew } from '../../transport/staging.ts'
import { parseHeaders, writeHeaders } from './headers.ts'
import { type BuiltImage, withOciManifest } from './imageState.ts'

/** What an instruction made once: the config after it, and its layer if it made one. */
export interface CacheRecord {
  readonly config: string
  readonly layer?: { readonly descriptor: Descriptor; readonly diffId: Digest }
}

const INDEX_LIMIT = 4 << 20

/** A tar without members: an instruction that leaves this made no layer. */
const EMPTY_TAR = digestOf(new Uint8Array(1024))

/** Where images are built: an OCI layout with every image and layer, and beside it what was made of what. */
export class BuildStore {
  readonly folder: string
  readonly blobs: BlobDirectory

  constructor(folder = defaultStore()) {
    this.folder = folder
    this.blobs = blobDirectory(folder)
  }

  /** The image a name was given to in this store. */
  async find(name: string): Promise<Image | undefined> {
    const descriptor = await this.#named(name)
    return descriptor && openImage(this.blobs, descriptor)
  }

  async #named(name: string): Promise<Descriptor | undefined> {
    const files = layoutFiles(this.folder, this.folder)
    if ((await files.read('index.json', INDEX_LIMIT)) === undefined) return undefined
    const { manifests } = await readLayoutIndex(files)
    return manifests.find(it => it.annotations?.[REF_NAME] === name)
  }

  /** The files of layers as a tree. A layer is read for it once: what it has, but no contents, is written down beside. */
  async tree(layers: readonly Layer[]): Promise<LayerTree> {
    const tree = new LayerTree()
    for (const [number, layer] of layers.entries()) {
      const headers = await this.#headers(layer)
      for (const [index, header] of headers.entries()) tree.apply(header, number, index)
    }
    return tree
  }

  async #headers(layer: Layer): Promise<TarHeader[]> {
    const path = `cache/members/${hexOf(layer.diffId)}.json`
    const known = await this.readJson(path)
    if (known) return parseHeaders(known)
    const headers = await headersOf(layer)
    await this.writeJson(path, writeHeaders(headers))
    return headers
  }

  /** Brings an image here, with its layers as they are. */
  async keep(original: Image, name: string | undefined, options: Options): Promise<Image> {
    const image = withOciManifest(original)
    const { descriptor, manifest } = image
    const there = await Promise.all([descriptor, manifest.config, ...manifest.layers].map(it => this.blobs.has(it)))
    if (there.every(Boolean) && name === undefined) return openImage(this.blobs, descriptor)
    const [{ copy }, { layoutSink }, { heldImage }] = await Promise.all([
      import('../../transport/copy.ts'),
      import('../../transport/ociLayout.ts'),
      import('../../transport/held.ts'),
    ])
    const sink = async () => ({ ...(await layoutSink(this.folder, name, options)), layers: 'preserve' as const })
    const source = heldImage(image, name ?? descriptor.digest)
    const copied = await copy(source, { name: `oci:${this.folder}`, source: source.source, sink }, options)
    return openImage(this.blobs, copied.manifest)
  }

  /** Stores a layer of these members; nothing comes back where there are none. */
  async putTar(
    members: Iterable<TarInput> | AsyncIterable<TarInput>,
    { signal }: Options = {},
  ): Promise<Layer | undefined> {
    const { digest, size } = await this.blobs.put(whileWanted(writeTar(members), signal))
    return digest === EMPTY_TAR ? undefined : this.layer({ mediaType: OCI_LAYER, digest, size })
  }

  /** A layer that is here, uncompressed. */
  layer(descriptor: Descriptor): Layer {
    const bytes = () => this.blobs.get(descriptor)
    return { descriptor, diffId: descriptor.digest, compressed: bytes, uncompressed: bytes }
  }

  /** Writes config and manifest: from now on it is an image. */
  async commit({ raw, layers }: BuiltImage): Promise<Image> {
    const put = async (mediaType: string, bytes: Uint8Array): Promise<Descriptor> => {
      const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length }
      if (!(await this.blobs.has(descriptor))) await this.blobs.put(bytesOf(bytes), descriptor)
      return descriptor
    }
    const config = await put(OCI_CONFIG, raw)
    const descriptors = layers.map(layer => layer.descriptor)
    const manifest = writeManifest({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: descriptors })
    return openImage(this.blobs, await put(OCI_MANIFEST, manifest))
  }

  /** Gives an image of this store a name, which moves away from the one that had it. */
  async tag(image: Image, name: string, options?: Options): Promise<void> {
    if ((await this.#named(name))?.digest === image.descriptor.digest) return
    await addToIndex(this.folder, image.descriptor, name, this.blobs.staging, options)
  }

  /** What was made under this key, if its layer is still there. */
  async recall(key: Digest): Promise<CacheRecord | undefined> {
    const record = (await this.readJson(this.#cachePath(key))) as CacheRecord | undefined
    if (record?.layer && !(await this.blobs.has(record.layer.descriptor))) return undefined
    return record
  }

  async remember(key: Digest, record: CacheRecord): Promise<void> {
    await this.writeJson(this.#cachePath(key), record)
  }

  /** A small file of the store; nothing for what is not there, or was cut short by a power cut. */
  async readJson(path: string): Promise<unknown> {
    try {
      return JSON.parse(readFileSync(join(this.folder, path), 'utf8'))
    } catch (error) {
      if (isSystemError(error, 'ENOENT') || error instanceof SyntaxError) return undefined
      throw error
    }
  }

  /** Renamed into place but not synced: what is lost is only made again. */
  async writeJson(path: string, value: unknown): Promise<void> {
    const target = join(this.folder, path)
    const beside = await this.blobs.staging.file()
    await writeNew(beside, JSON.stringify(value))
    await makeFolder(dirname(target))
    await rename(beside, target)
  }

  /** Removes what was not finished. */
  async close(): Promise<void> {
    await this.blobs.close()
  }

  #cachePath(key: Digest): string {
    return `cache/${hexOf(key)}.json`
  }
}

/** Where images are kept unless told otherwise. */
export function defaultStore(): string {
  return join(process.env.XDG_DATA_HOME ?? join(homedir(), '.local/share'), 'ocilab')
}
