import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { bytesOf, collect } from '../bytes/collect.ts'
import { fileBytes } from '../bytes/file.ts'
import { OciError } from '../errors.ts'
import type { Options } from '../events.ts'
import type { Descriptor } from '../spec/descriptor.ts'
import { parseJson } from '../spec/goJson.ts'
import { type Index, parseIndex, writeIndex } from '../spec/manifest.ts'
import { shown } from '../spec/parse.ts'
import { choosePlatform, hostPlatform, type Platform } from '../spec/platform.ts'
import { fileSize } from './blobDirectory.ts'
import { withLock } from './lock.ts'
import { makeFolder, type Staging, syncFolder } from './staging.ts'

/** The annotation under which an index keeps a descriptor's tag. image-spec annotations.md. */
export const REF_NAME = 'org.opencontainers.image.ref.name'

/** The bytes of `oci-layout` as skopeo (until c/image 5.28) and docker ≥ 25 write them: with a space. */
export const OCI_LAYOUT = '{"imageLayoutVersion": "1.0.0"}'

const VERSION = '1.0.0'
const SMALL = 4 << 10
const INDEX_LIMIT = 4 << 20

/** What is needed of a place where a layout's files are: a folder, or an archive. */
export interface LayoutFiles {
  readonly where: string
  /** The bytes of a file at the top of the layout; undefined where there is none. */
  read(name: string, limit: number): Promise<Uint8Array | undefined>
}

export function layoutFiles(path: string, where: string): LayoutFiles {
  return {
    where,
    async read(name, limit) {
      const file = join(path, name)
      const size = fileSize(file)
      if (size === undefined) return undefined
      return collect(size <= limit ? bytesOf(readFileSync(file)) : fileBytes(file), limit, `${where}: ${name}`)
    },
  }
}

/** The index.json of a layout, after a look at its oci-layout. Throws `LAYOUT_INVALID` for what is no layout. */
export async function readLayoutIndex(files: LayoutFiles): Promise<Index> {
  const { where } = files
  const version = await files.read('oci-layout', SMALL)
  if (version === undefined) throw invalid(where, 'not an OCI layout', 'a file oci-layout', 'none')
  checkVersion(version, where)
  const raw = await files.read('index.json', INDEX_LIMIT)
  if (raw === undefined) throw invalid(where, 'not an OCI layout', 'a file index.json', 'none')
  return parseIndexJson(raw, where)
}

function checkVersion(raw: Uint8Array, where: string): void {
  const json = parseJson(raw, `${where}: oci-layout`, 'LAYOUT_INVALID')
  const got = (json as { imageLayoutVersion?: unknown } | null)?.imageLayoutVersion
  if (got !== VERSION)
    throw invalid(`${where}: oci-layout`, 'unknown version', `imageLayoutVersion ${VERSION}`, shown(got))
}

function parseIndexJson(raw: Uint8Array, where: string): Index {
  return parseIndex(raw, `${where}: index.json`)
}

/** The descriptor a name stands for; without a name, the only one there is. Throws `MANIFEST_UNKNOWN`, or `LAYOUT_INVALID` when that is not one image. */
export function chooseByName(index: Index, name: string | undefined, where: string, platform?: Platform): Descriptor {
  const there = [...new Set(index.manifests.flatMap(it => it.annotations?.[REF_NAME] ?? []))]
  const found = name === undefined ? index.manifests : index.manifests.filter(it => it.annotations?.[REF_NAME] === name)
  const listed = there.join(', ') || 'no names'
  if (found.length === 0) {
    const what =
      name === undefined ? 'no image in the layout' : `no descriptor found for reference ${JSON.stringify(name)}`
    throw new OciError('MANIFEST_UNKNOWN', `${where}: ${what} (there is ${listed})`, { want: name, got: there, where })
  }
  if (new Set(found.map(it => it.digest)).size === 1 && (name !== undefined || found.length === 1)) return found[0]!
  // One name for images of several platforms: the name is clear, the platform decides.
  if (name !== undefined && found.every(it => it.platform))
    return choosePlatform(found, platform ?? hostPlatform(), where)
  const problem =
    name === undefined ? 'more than one image, choose one' : `more than one image is called ${JSON.stringify(name)}`
  throw invalid(where, problem, 'one image', `${found.length}: ${listed}`)
}

/** Puts a descriptor into the layout's index.json under a name. Safe against others who do the same at the same time. */
export async function addToIndex(
  path: string,
  descriptor: Descriptor,
  name: string | undefined,
  staging: Staging,
  options?: Options,
): Promise<void> {
  await makeFolder(path)
  await withLock(
    join(path, 'index.json.lock'),
    async () => {
      const files = layoutFiles(path, path)
      const version = await files.read('oci-layout', SMALL)
      if (version) checkVersion(version, path)
      const raw = await files.read('index.json', INDEX_LIMIT)
      const index: Index = raw ? parseIndexJson(raw, path) : { schemaVersion: 2, manifests: [] }
      const changed = { ...index, manifests: withManifest(index.manifests, descriptor, name) }
      if (!version) await staging.publish(join(path, 'oci-layout'), OCI_LAYOUT)
      await staging.publish(join(path, 'index.json'), writeIndex(changed))
    },
    options,
  )
  await syncFolder(path)
}

/** As skopeo does it: the name moves away from the image that had it, which stays in the index without a name. */
export function withManifest(
  manifests: readonly Descriptor[],
  descriptor: Descriptor,
  name: string | undefined,
): Descriptor[] {
  const fresh: Descriptor = name === undefined ? descriptor : { ...descriptor, annotations: { [REF_NAME]: name } }
  const others = manifests.map(it => (name !== undefined && it.annotations?.[REF_NAME] === name ? withoutName(it) : it))
  const same = others.findIndex(it => it.digest === fresh.digest && it.annotations?.[REF_NAME] === undefined)
  return same < 0 ? [...others, fresh] : others.with(same, fresh)
}

function withoutName(descriptor: Descriptor): Descriptor {
  const { [REF_NAME]: _name, ...annotations } = descriptor.annotations ?? {}
  const { annotations: _all, ...bare } = descriptor
  return Object.keys(annotations).length > 0 ? { ...bare, annotations } : bare
}

function invalid(where: string, what: string, want: string, got: string): OciError {
  return new OciError('LAYOUT_INVALID', `${where}: ${what} (want ${want}, got ${got})`, { want, got, where })
}
