import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileBytes } from '../bytes/file.ts'
import type { TarInput } from '../bytes/tar.ts'
import { verified } from '../bytes/verified.ts'
import { writeTar } from '../bytes/writeTar.ts'
import { OciError } from '../errors.ts'
import type { BlobSource } from '../image/image.ts'
import { openImage } from '../image/open.ts'
import type { Descriptor } from '../spec/descriptor.ts'
import { algorithmOf, hexOf, shortDigest } from '../spec/digest.ts'
import { type ArchiveFile, openArchive } from './archiveFile.ts'
import { fileSize } from './blobDirectory.ts'
import { chooseByName, readLayoutIndex } from './layoutIndex.ts'
import { layoutName, layoutSink } from './ociLayout.ts'
import { stagingFor, writeFrom } from './outputFile.ts'
import type { ImageSink, ImageSource, Transport, TransportOptions } from './transport.ts'

/** `oci-archive:FILE[:NAME]`: an OCI layout in a tar. Throws `REFERENCE_INVALID`. */
export function ociArchive(rest: string): Transport {
  const { path, name } = layoutName('oci-archive', rest)
  const full = name === undefined ? `oci-archive:${path}` : `oci-archive:${path}:${name}`
  return {
    name: full,
    source: options => archiveSource(path, name, full, options),
    sink: options => archiveSink(path, name, options),
  }
}

async function archiveSource(
  path: string,
  name: string | undefined,
  where: string,
  options: TransportOptions = {},
): Promise<ImageSource> {
  const archive = await openArchive(path, where, options)
  try {
    const index = await readLayoutIndex(archive)
    const descriptor = chooseByName(index, name, where, options.platform)
    const blobs = archiveBlobs(archive)
    return {
      open: async () => ({ descriptor, blobs }),
      resolve: () => openImage(blobs, descriptor, { platform: options.platform }),
      close: () => archive.close(),
    }
  } catch (error) {
    await archive.close()
    throw error
  }
}

function archiveBlobs(archive: ArchiveFile): BlobSource {
  // blobs/sha256/44136fa3…
  const path = ({ digest }: Descriptor) => `blobs/${algorithmOf(digest)}/${hexOf(digest)}`
  return {
    has: async blob => archive.has(path(blob)),
    get(blob, how) {
      const where = `${archive.where}: blob ${shortDigest(blob.digest)}`
      if (!archive.has(path(blob)))
        throw new OciError('BLOB_UNKNOWN', `${where}: not there`, { want: blob.digest, where })
      const bytes = archive.bytes(path(blob), how)
      return how?.lent ? bytes : verified(bytes, blob, where)
    },
  }
}

/** The layout is made in a folder beside the archive, and packed when it is whole. */
async function archiveSink(path: string, name: string | undefined, options: TransportOptions = {}): Promise<ImageSink> {
  const staging = await stagingFor(path)
  const folder = await staging.file()
  const sink = await layoutSink(folder, name, options)
  return {
    ...sink,
    async commit(manifest) {
      const descriptor = await sink.commit(manifest)
      await writeFrom(staging, path, writeTar(await layoutMembers(folder)))
      return descriptor
    },
    async close() {
      await sink.close()
      await rm(folder, { recursive: true, force: true })
      await staging.close()
    },
  }
}

/** In the order of a walk through the folder, as skopeo packs it; always with the same times, so to the same bytes. */
async function layoutMembers(folder: string): Promise<TarInput[]> {
  const blobs = (await readdir(join(folder, 'blobs/sha256'))).sort().map(name => `blobs/sha256/${name}`)
  const files = await Promise.all([...blobs, 'index.json', 'oci-layout'].map(name => fileMember(folder, name)))
  const folders = ['blobs', 'blobs/sha256'].map((name): TarInput => ({ path: Buffer.from(name), type: 'directory' }))
  return [...folders, ...files]
}

async function fileMember(folder: string, name: string): Promise<TarInput> {
  const path = join(folder, name)
  return { path: Buffer.from(name), type: 'file', size: fileSize(path), body: fileBytes(path, { lent: true }) }
}
