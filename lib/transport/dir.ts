import { readdir, readFile, rename, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Bytes } from '../bytes/bytes.ts'
import { collect } from '../bytes/collect.ts'
import { fileBytes } from '../bytes/file.ts'
import { verified } from '../bytes/verified.ts'
import { isSystemError, OciError } from '../errors.ts'
import type { BlobSource } from '../image/image.ts'
import { openImage } from '../image/open.ts'
import type { Descriptor } from '../spec/descriptor.ts'
import { type Digest, digester, digestOf, hexOf } from '../spec/digest.ts'
import { detectMediaType, parseManifest } from '../spec/manifest.ts'
import { DOCKER_MANIFEST, OCI_MANIFEST } from '../spec/mediaTypes.ts'
import { fileSize, readBlob } from './blobDirectory.ts'
import { withLock } from './lock.ts'
import { makeFolder, stagingIn, syncFolder, writeSynced } from './staging.ts'
import type { ImageSink, ImageSource, PutBlob, Transport, TransportOptions } from './transport.ts'

const VERSION = 'Directory Transport Version: 1.1\n'
// A name that is no blob's, and that a folder of ours may have.
const LOCK = '.ocilab.lock'
const MANIFEST_LIMIT = 4 << 20

/** `dir:PATH`: one image, its manifest and its blobs side by side in a folder; for looking at. Throws `REFERENCE_INVALID`. */
export function dirTransport(path: string): Transport {
  if (path === '' || path.includes('\0'))
    throw new OciError('REFERENCE_INVALID', `"dir:${path}": no path (want dir:PATH)`, {
      want: 'dir:PATH',
      got: `dir:${path}`,
    })
  const name = `dir:${path}`
  return {
    name,
    source: options => dirSource(path, name, options),
    sink: options => dirSink(path, name, options),
  }
}

async function dirSource(path: string, where: string, options: TransportOptions = {}): Promise<ImageSource> {
  const manifest = join(path, 'manifest.json')
  const size = fileSize(manifest)
  if (size === undefined) throw new OciError('MANIFEST_UNKNOWN', `${where}: no manifest.json`, { where })
  const raw = await collect(fileBytes(manifest), MANIFEST_LIMIT, `${where}: manifest.json`)
  const descriptor: Descriptor = { mediaType: detectMediaType(raw, where), digest: digestOf(raw), size: raw.length }
  const blobs = dirBlobs(path, where, descriptor)
  return {
    open: async () => ({ descriptor, blobs }),
    resolve: () => openImage(blobs, descriptor, { platform: options.platform }),
    close: async () => {},
  }
}

function dirBlobs(path: string, where: string, top: Descriptor): BlobSource {
  const files = ({ digest }: Descriptor) =>
    digest === top.digest ? ['manifest.json'] : [hexOf(digest), `${hexOf(digest)}.manifest.json`]
  const find = async (blob: Descriptor) => {
    for (const name of files(blob)) if (fileSize(join(path, name)) !== undefined) return join(path, name)
    return join(path, hexOf(blob.digest))
  }
  return {
    has: async blob => fileSize(await find(blob)) === blob.size,
    async *get(blob) {
      yield* readBlob(await find(blob), blob, where)
    },
  }
}

/**
 * Blobs come under their own names beside the old ones; manifest.json is exchanged last, and what it no longer names goes.
 * Of two who write at once the first to finish wins: the other one finds its blobs gone, and says so.
 */
async function dirSink(path: string, where: string, options: TransportOptions = {}): Promise<ImageSink> {
  await mustBeOurs(path, where)
  const before = new Set(await list(path))
  const alone = <T>(work: () => Promise<T>) => withLock(join(path, LOCK), work, options)
  const added = new Set<string>()
  const staging = stagingIn(path)
  let committed = false
  return {
    manifestTypes: [OCI_MANIFEST, DOCKER_MANIFEST],
    layers: 'preserve',
    has: async ({ digest, size }) => fileSize(join(path, hexOf(digest))) === size,
    async putBlob(blob, bytes) {
      const put = await putFile(path, await staging.file(), blob, bytes)
      added.add(hexOf(put.digest))
      return put
    },
    async commit({ mediaType, raw }) {
      await makeFolder(path)
      await alone(async () => {
        await mustHaveBlobs(path, raw, where)
        await staging.publish(join(path, 'version'), VERSION)
        await staging.publish(join(path, 'manifest.json'), raw)
        // From here on the new blobs are named: a failure must not take them away.
        committed = true
        await syncFolder(path)
        await removeBlobs(path, await list(path), raw)
      })
      return { mediaType, digest: digestOf(raw), size: raw.length }
    },
    async close() {
      await staging.close()
      if (committed) return
      const ours = [...added].filter(name => !before.has(name))
      const remove = async () => removeBlobs(path, ours, await manifestOf(path))
      // A full disk has no room for a lock, either. What went wrong is being said already.
      if (ours.length > 0)
        await alone(remove)
          .catch(remove)
          .catch(() => undefined)
      // Removed only if empty: then it was we who made it, or nothing is lost.
      if (before.size === 0) await rmdir(path).catch(() => undefined)
    },
  }
}

async function putFile(
  path: string,
  beside: string,
  { digest, size }: PutBlob,
  bytes: Bytes,
): Promise<{ digest: Digest; size: number }> {
  const hash = digester()
  let got = 0
  try {
    await writeSynced(beside, digest ? verified(bytes, { digest, size }, `blob ${digest}`) : bytes, chunk => {
      got += chunk.length
      if (!digest) hash.update(chunk)
    })
    const name = digest ?? hash.digest()
    await rename(beside, join(path, hexOf(name)))
    return { digest: name, size: got }
  } finally {
    await rm(beside, { force: true })
  }
}

/** Removes those of the files that are blobs, and that the manifest does not name. */
async function removeBlobs(path: string, names: Iterable<string>, raw: Uint8Array | undefined): Promise<void> {
  const named = new Set(raw && blobsOf(raw, path).map(blob => hexOf(blob.digest)))
  const isBlob = (name: string) => /^[0-9a-f]{64}(\.manifest\.json)?$/.test(name)
  for (const name of names) if (isBlob(name) && !named.has(name)) await rm(join(path, name), { force: true })
}

async function mustHaveBlobs(path: string, raw: Uint8Array, where: string): Promise<void> {
  for (const { digest } of blobsOf(raw, where))
    if (fileSize(join(path, hexOf(digest))) === undefined)
      throw new OciError('TARGET_EXISTS', `${where}: another program writes there`, { where, want: digest })
}

function blobsOf(raw: Uint8Array, where: string): Descriptor[] {
  const { config, layers } = parseManifest(raw, where)
  return [config, ...layers]
}

async function manifestOf(path: string): Promise<Uint8Array | undefined> {
  return (await list(path)).includes('manifest.json') ? readFile(join(path, 'manifest.json')) : undefined
}

/** A folder with other things in it is not ours to write into. Throws `TARGET_EXISTS`. */
async function mustBeOurs(path: string, where: string): Promise<void> {
  if ((await list(path)).every(name => name.startsWith('.ocilab.'))) return
  const version = await readFile(join(path, 'version'), 'latin1').catch(() => '')
  if (version.startsWith('Directory Transport Version: ')) return
  throw new OciError('TARGET_EXISTS', `${where}: not a folder of an image: it has other things in it`, { where })
}

async function list(path: string): Promise<string[]> {
  try {
    return await readdir(path)
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return []
    if (isSystemError(error, 'ENOTDIR'))
      throw new OciError('TARGET_EXISTS', `${path}: a file, not a folder`, { where: path }, { cause: error })
    throw error
  }
}
