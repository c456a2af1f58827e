import { OciError } from '../../errors.ts'
import { goJson, parseJson } from '../../spec/goJson.ts'
import { shown } from '../../spec/parse.ts'
import { parseReference, type Reference, showReference, withDefaultTag } from '../../spec/reference.ts'
import type { ArchiveFile } from '../archiveFile.ts'

const LIMIT = 16 << 20

/** One image of an archive's manifest.json. */
export interface ArchivedImage {
  Config: string
  /** Null when the image was saved by its id. */
  RepoTags: string[] | null
  Layers: string[]
  LayerSources?: Record<string, object>
}

/** Docker writes it with a newline at the end. */
export function writeManifestJson(images: readonly ArchivedImage[]): Uint8Array {
  return new TextEncoder().encode(`${goJson(images)}\n`)
}

/** The images of an archive. Throws `ARCHIVE_INVALID`, or `UNSUPPORTED` for what Docker wrote before 1.10. */
export async function readManifestJson(archive: ArchiveFile): Promise<ArchivedImage[]> {
  const { where } = archive
  const raw = await archive.read('manifest.json', LIMIT)
  if (raw === undefined) throw withoutManifest(archive)
  const json = parseJson(raw, `${where}: manifest.json`, 'ARCHIVE_INVALID', LIMIT)
  if (!Array.isArray(json) || json.length === 0) throw invalid(where, 'an array of images', json)
  return json.map((image, index) => parseImage(image, `${where}: manifest.json[${index}]`))
}

function withoutManifest({ where, has, names }: ArchiveFile): OciError {
  if (has('oci-layout'))
    return new OciError('ARCHIVE_INVALID', `${where}: an oci-archive, not a docker-archive (no manifest.json)`, {
      where,
    })
  const isLegacy = has('repositories') || [...names()].some(name => name.endsWith('/layer.tar'))
  if (isLegacy)
    return new OciError('UNSUPPORTED', `${where}: an archive of Docker before 1.10 (no manifest.json)`, { where })
  return new OciError('ARCHIVE_INVALID', `${where}: not a docker archive (no manifest.json)`, { where })
}

function parseImage(json: unknown, where: string): ArchivedImage {
  const isText = (value: unknown) => typeof value === 'string'
  const isTexts = (value: unknown) => Array.isArray(value) && value.every(isText)
  const { Config, RepoTags, Layers } = (json ?? {}) as Record<string, unknown>
  if (!isText(Config)) throw invalid(`${where}.Config`, 'a name', Config)
  if (!isTexts(Layers ?? [])) throw invalid(`${where}.Layers`, 'names', Layers)
  if (!isTexts(RepoTags ?? [])) throw invalid(`${where}.RepoTags`, 'names', RepoTags)
  return { Config, RepoTags: RepoTags ?? null, Layers: Layers ?? [] } as ArchivedImage
}

/**
 * The image a name, or `@0`, `@1` …, stands for; without one, the only one there is.
 * Throws `MANIFEST_UNKNOWN`, or `ARCHIVE_INVALID` when there are several to choose from.
 */
export function chooseImage(
  images: readonly ArchivedImage[],
  choice: Reference | number | undefined,
  where: string,
): ArchivedImage {
  if (typeof choice === 'number') {
    const image = images[choice]
    if (image) return image
    throw new OciError('MANIFEST_UNKNOWN', `${where}: no image @${choice} (there are ${images.length})`, {
      want: choice,
      got: images.length,
      where,
    })
  }
  const there = images.flatMap((image, index) => image.RepoTags ?? [`@${index}`])
  if (choice === undefined) {
    if (images.length === 1) return images[0]!
    throw new OciError('ARCHIVE_INVALID', `${where}: ${images.length} images, choose one: ${there.join(', ')}`, {
      want: 1,
      got: there,
      where,
    })
  }
  const name = showReference(choice)
  const found = images.find(image => image.RepoTags?.some(tag => fullName(tag) === name))
  if (found) return found
  throw new OciError('MANIFEST_UNKNOWN', `${where}: no image ${name} (there is ${there.join(', ')})`, {
    want: name,
    got: there,
    where,
  })
}

/** Archives hold familiar names, `demo:v0`, and full ones, `docker.io/library/demo:v0`. */
function fullName(tag: string): string | undefined {
  try {
    return showReference(withDefaultTag(parseReference(tag)))
  } catch {
    // A name that is none can be of no image that was asked for.
    return undefined
  }
}

function invalid(where: string, want: string, got: unknown): OciError {
  return new OciError('ARCHIVE_INVALID', `${where}: want ${want}, got ${shown(got)}`, { want, got, where })
}
