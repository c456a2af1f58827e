import { readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { isOciError, OciError } from '../errors.ts'
import type { Digest } from '../spec/digest.ts'
import { parseReference, type Reference, showReference } from '../spec/reference.ts'
import { type CopyOptions, copy } from './copy.ts'
import { listTags } from './registry/tags.ts'

export interface SyncOptions extends CopyOptions {
  /** Only tags that fit. */
  tags?: RegExp
  /** … and do not fit this. */
  exclude?: RegExp
  /** The destination gets the registry's name, too: images of the same name from two registries stay two. ≙ `--scoped` */
  scoped?: boolean
  /** Says what would be copied, and copies nothing. */
  dryRun?: boolean
  /** An image that cannot be copied does not stop the others. */
  keepGoing?: boolean
}

/** A kind of place that holds many images. */
export type SyncPlace = { kind: 'docker' | 'dir' | 'oci'; place: string }

/** What became of one image. */
export interface SyncedImage {
  readonly source: string
  readonly destination: string
  readonly digest?: Digest
  readonly error?: OciError
}

interface Pair {
  source: string
  destination: string
}

/**
 * Copies many images: all tags of a repository, or those that fit; all images below a folder. ≙ `skopeo sync`.
 * Throws what `copy` throws, unless it is to keep going: then each failure stands with its image.
 */
export async function sync(
  from: SyncPlace,
  to: SyncPlace,
  options: SyncOptions = {},
  onImage: (image: SyncedImage) => void = () => {},
): Promise<SyncedImage[]> {
  const images: SyncedImage[] = []
  for (const pair of await pairs(from, to, options)) {
    const image = options.dryRun ? pair : await synced(pair, options)
    onImage(image)
    images.push(image)
  }
  return images
}

async function synced(pair: Pair, options: SyncOptions): Promise<SyncedImage> {
  try {
    const { manifest } = await copy(pair.source, pair.destination, options)
    return { ...pair, digest: manifest.digest }
  } catch (error) {
    options.signal?.throwIfAborted()
    if (!options.keepGoing || !isOciError(error)) throw error
    return { ...pair, error }
  }
}

async function pairs(from: SyncPlace, to: SyncPlace, options: SyncOptions): Promise<Pair[]> {
  if (from.kind === 'oci')
    throw new OciError('UNSUPPORTED', 'sync from oci: want docker or dir', { want: 'docker or dir', got: from.kind })
  const found = from.kind === 'docker' ? await ofRepository(from.place, options) : await ofFolder(from.place, options)
  return found.map(({ source, name, domain }) => {
    const scoped = options.scoped && domain !== undefined ? `${domain}/${name}` : name
    return { source, destination: destinationOf(to, scoped) }
  })
}

/** As skopeo names them: only the last part of the name, unless it is scoped. */
function destinationOf({ kind, place }: SyncPlace, name: string): string {
  if (kind === 'docker') return `docker://${place}/${name}`
  if (kind === 'dir') return `dir:${join(place, name)}`
  return `oci:${place}:${name}`
}

interface Found {
  source: string
  /** `busybox:stable` */
  name: string
  domain?: string
}

async function ofRepository(place: string, options: SyncOptions): Promise<Found[]> {
  const reference = parseReference(place)
  const named = (it: Reference): Found => {
    const path = options.scoped ? it.path : it.path.slice(it.path.lastIndexOf('/') + 1)
    const suffix = it.tag ? `:${it.tag}` : `@${it.digest}`
    return { source: `docker://${showReference(it)}`, name: path + suffix, domain: it.domain }
  }
  if (reference.tag !== undefined || reference.digest !== undefined) return [named(reference)]
  const tags = await listTags(place, { ...options, ...options.source })
  return tags.filter(tag => fits(tag, options)).map(tag => named({ ...reference, tag }))
}

function fits(tag: string, { tags, exclude }: SyncOptions): boolean {
  return (tags?.test(tag) ?? true) && !(exclude?.test(tag) ?? false)
}

/** Every folder below that is a `dir:` image; its path is its name. */
async function ofFolder(place: string, options: SyncOptions): Promise<Found[]> {
  const entries = await readdir(place, { recursive: true, withFileTypes: true })
  const folders = entries.filter(it => it.isFile() && it.name === 'manifest.json').map(it => it.parentPath)
  return folders
    .sort()
    .map(folder => ({ source: `dir:${folder}`, name: relative(place, folder) }))
    .filter(({ name }) => name !== '' && fits(name.slice(name.lastIndexOf(':') + 1), options))
}
