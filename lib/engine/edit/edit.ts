import type { Bytes } from '../../bytes/bytes.ts'
import { OciError } from '../../errors.ts'
import type { BlobStore, Image, Layer } from '../../image/image.ts'
import { putBytes } from '../../image/memory.ts'
import { openImage } from '../../image/open.ts'
import type { Descriptor } from '../../spec/descriptor.ts'
import { shortDigest } from '../../spec/digest.ts'
import type { History } from '../../spec/imageConfig.ts'
import { type Manifest, writeManifest } from '../../spec/manifest.ts'
import { DOCKER_MANIFEST, dockerMediaType } from '../../spec/mediaTypes.ts'
import { type BuildConfig, builtImage, writeBuildImage } from '../build/imageState.ts'

/** What is to be another way; what is left out stays. */
export interface Edit {
  readonly config?: Partial<BuildConfig>
  readonly layers?: readonly Layer[]
  readonly history?: readonly History[]
  readonly created?: string
  readonly author?: string
  /** Of the manifest; added to those it has. */
  readonly annotations?: Readonly<Record<string, string>>
}

/** The image with some of it changed; it stays of its kind, and what Docker alone keeps in a config stays there. ≙ `crane mutate` */
export async function editImage(image: Image, edit: Edit, blobs: BlobStore): Promise<Image> {
  const { image: before } = builtImage(image.raw('config'), image.layers, 'config')
  const layers = edit.layers ?? image.layers
  const config = writeBuildImage({
    ...before,
    created: edit.created ?? before.created,
    author: edit.author ?? before.author,
    config: { ...before.config, ...edit.config },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: [...(edit.history ?? before.history)],
  })
  const isDocker = image.descriptor.mediaType === DOCKER_MANIFEST
  const annotations = { ...image.manifest.annotations, ...edit.annotations }
  const manifest: Manifest = {
    ...image.manifest,
    config: await putBytes(blobs, image.manifest.config.mediaType, config),
    layers: layers.map(({ descriptor }) =>
      isDocker ? { ...descriptor, mediaType: dockerMediaType(descriptor.mediaType) } : descriptor,
    ),
    ...(Object.keys(annotations).length > 0 && { annotations }),
  }
  const descriptor = await putBytes(blobs, image.descriptor.mediaType, writeManifest(manifest))
  const here = new Map(layers.map(layer => [layer.descriptor.digest, layer]))
  // New blobs first, then those of the image they were built on: it may be closed by the time they are asked for.
  async function* get(blob: Descriptor): Bytes {
    yield* (await blobs.has(blob)) ? blobs.get(blob) : (here.get(blob.digest)?.compressed() ?? blobs.get(blob))
  }
  return openImage({ has: blobs.has, get }, descriptor)
}

/**
 * The image on another base: the layers of the old one, which it must begin with, are replaced by those of the new one.
 * ≙ `crane rebase` Throws `ARGUMENT_INVALID` for an image that is not on the old base.
 */
export async function rebase(image: Image, oldBase: Image, newBase: Image, blobs: BlobStore): Promise<Image> {
  const mismatch = oldBase.layers.findIndex(({ diffId }, index) => image.layers[index]?.diffId !== diffId)
  if (mismatch >= 0) {
    const [want, got] = [oldBase.layers[mismatch]!.diffId, image.layers[mismatch]?.diffId]
    throw new OciError(
      'ARGUMENT_INVALID',
      `not on the old base: layer ${mismatch + 1} differs (want ${shortDigest(want)}, got ${got ? shortDigest(got) : 'none'})`,
      { want, got },
    )
  }
  const own = (image.config.history ?? []).slice(oldBase.config.history?.length ?? 0)
  return editImage(
    image,
    {
      layers: [...newBase.layers, ...image.layers.slice(oldBase.layers.length)],
      history: [...(newBase.config.history ?? []), ...own],
    },
    blobs,
  )
}
