import { rmdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { bytesOf } from '../bytes/collect.ts'
import { OciError } from '../errors.ts'
import { openImage } from '../image/open.ts'
import type { Descriptor } from '../spec/descriptor.ts'
import { digestOf } from '../spec/digest.ts'
import { OCI_INDEX, OCI_MANIFEST } from '../spec/mediaTypes.ts'
import { blobDirectory } from './blobDirectory.ts'
import { addToIndex, chooseByName, layoutFiles, readLayoutIndex } from './layoutIndex.ts'
import { pathAndName } from './pathAndName.ts'
import { syncFolder } from './staging.ts'
import type { ImageSink, ImageSource, Transport, TransportOptions } from './transport.ts'

// image-spec annotations.md: the grammar of org.opencontainers.image.ref.name.
const NAME = /^[A-Za-z0-9]+(?:(?:[-._:@+]|--)[A-Za-z0-9]+)*(?:\/[A-Za-z0-9]+(?:(?:[-._:@+]|--)[A-Za-z0-9]+)*)*$/

/** `oci:PATH[:NAME]`: a folder as image-spec image-layout.md describes it. Throws `REFERENCE_INVALID`. */
export function ociLayout(rest: string): Transport {
  const { path, name } = layoutName('oci', rest)
  const full = name === undefined ? `oci:${path}` : `oci:${path}:${name}`
  return {
    name: full,
    source: options => layoutSource(path, name, full, options),
    sink: options => layoutSink(path, name, options),
  }
}

/** Splits `PATH[:NAME]` and checks the name. Throws `REFERENCE_INVALID`. */
export function layoutName(kind: string, rest: string): { path: string; name?: string } {
  const split = pathAndName(kind, rest)
  if (split.name !== undefined && !NAME.test(split.name))
    throw new OciError(
      'REFERENCE_INVALID',
      `${JSON.stringify(`${kind}:${rest}`)}: not a name for an image: ${JSON.stringify(split.name)}`,
      {
        want: 'letters and digits, with single - . _ : @ + / between them',
        got: split.name,
      },
    )
  return split
}

async function layoutSource(
  path: string,
  name: string | undefined,
  where: string,
  options: TransportOptions = {},
): Promise<ImageSource> {
  const index = await readLayoutIndex(layoutFiles(path, where))
  const descriptor = chooseByName(index, name, where, options.platform)
  const blobs = blobDirectory(path)
  return {
    open: async () => ({ descriptor, blobs }),
    resolve: () => openImage(blobs, descriptor, { platform: options.platform }),
    close: () => blobs.close(),
  }
}

/** Writes into a layout, which is made where there is none. */
export async function layoutSink(
  path: string,
  name: string | undefined,
  options: TransportOptions = {},
): Promise<ImageSink> {
  await mustBeFolder(path)
  const blobs = blobDirectory(path)
  let committed = false
  const put = async ({ mediaType, raw }: { mediaType: string; raw: Uint8Array }): Promise<Descriptor> => {
    const digest = digestOf(raw)
    await blobs.put(bytesOf(raw), { digest, size: raw.length })
    return { mediaType, digest, size: raw.length }
  }
  return {
    manifestTypes: [OCI_MANIFEST, OCI_INDEX],
    layers: 'compress',
    takesLent: true,
    has: blob => blobs.has(blob),
    putBlob: ({ digest, size }, bytes) => blobs.put(bytes, digest && { digest, size: size as number }),
    putManifest: put,
    async commit(manifest) {
      const descriptor = await put(manifest)
      await syncFolder(join(path, 'blobs/sha256'))
      await addToIndex(path, descriptor, name, blobs.staging, options)
      committed = true
      return descriptor
    },
    async close() {
      await blobs.close()
      if (!committed) await removeIfEmpty(path)
    },
  }
}

async function mustBeFolder(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined)
  if (found && !found.isDirectory())
    throw new OciError('LAYOUT_INVALID', `${path}: not a folder, so not an OCI layout`, { where: path })
}

/** Blobs that came whole may stay for the next try; a folder with nothing in it should not. */
async function removeIfEmpty(path: string): Promise<void> {
  for (const folder of ['blobs/sha256', 'blobs', '.']) await rmdir(join(path, folder)).catch(() => undefined)
}
