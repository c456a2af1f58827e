import { OciError } from '../errors.ts'
import { type Descriptor, parseDescriptor, writableDescriptor } from './descriptor.ts'
import { goJson, parseJson, sortedMap } from './goJson.ts'
import {
  DOCKER_LIST,
  DOCKER_MANIFEST,
  DOCKER_SCHEMA1,
  DOCKER_SCHEMA1_UNSIGNED,
  OCI_INDEX,
  OCI_MANIFEST,
} from './mediaTypes.ts'
import { array, object, optional, record, shown, string } from './parse.ts'
import type { Profile } from './profile.ts'

/** An image manifest, OCI (manifest.md) or Docker v2 schema 2: they differ in media types and in the order of fields. */
export interface Manifest {
  schemaVersion: 2
  /** Absent in OCI manifests written before image-spec 1.1, the article's among them. */
  mediaType?: string
  artifactType?: string
  config: Descriptor
  layers: Descriptor[]
  subject?: Descriptor
  annotations?: Record<string, string>
}

/** A list of manifests, OCI index (image-index.md) or Docker manifest list. */
export interface Index {
  schemaVersion: 2
  mediaType?: string
  artifactType?: string
  manifests: Descriptor[]
  subject?: Descriptor
  annotations?: Record<string, string>
}

/** Parses a manifest; `mediaType` is what whoever gave it said it is. Throws `MANIFEST_INVALID`, `TOO_LARGE`, `UNSUPPORTED`. */
export function parseManifest(raw: Uint8Array, where: string, mediaType?: string): Manifest {
  const json = parseDocument(raw, where, mediaType, 'manifest')
  return {
    ...common(json, where),
    config: parseDescriptor(json.config, `${where}: config`),
    layers: array(json.layers, `${where}: layers`).map((layer, i) => parseDescriptor(layer, `${where}: layers[${i}]`)),
  }
}

/** Parses an index or a manifest list. Throws as {@link parseManifest} does. */
export function parseIndex(raw: Uint8Array, where: string, mediaType?: string): Index {
  const json = parseDocument(raw, where, mediaType, 'index')
  // umoci 0.4.7 writes null for an index without manifests.
  const manifests = array(json.manifests ?? [], `${where}: manifests`)
  return {
    ...common(json, where),
    manifests: manifests.map((it, i) => parseDescriptor(it, `${where}: manifests[${i}]`)),
  }
}

/** What a document says it is, or else looks like. Throws `MEDIA_TYPE_UNKNOWN`. */
export function detectMediaType(raw: Uint8Array, where = 'manifest'): string {
  const json = object(parseJson(raw, where, 'MANIFEST_INVALID'), where)
  if (typeof json.mediaType === 'string' && json.mediaType !== '') return json.mediaType
  if (json.schemaVersion === 1) return DOCKER_SCHEMA1
  if ('manifests' in json) return OCI_INDEX
  if ('config' in json && 'layers' in json) return OCI_MANIFEST
  throw new OciError('MEDIA_TYPE_UNKNOWN', `${where}: neither a manifest nor an index`, {
    where,
    got: Object.keys(json),
  })
}

/** The bytes of a manifest in the order of its Go struct; profile 2020 leaves an OCI manifest's mediaType out. */
export function writeManifest(manifest: Manifest, profile: Profile = 'current', indent?: string): Uint8Array {
  const docker = manifest.mediaType === DOCKER_MANIFEST
  const order = docker ? 'docker' : 'oci'
  const { artifactType, subject, annotations } = manifest
  return encode(
    {
      schemaVersion: 2,
      mediaType: docker ? DOCKER_MANIFEST : profile === '2020' ? undefined : OCI_MANIFEST,
      artifactType,
      config: writableDescriptor(manifest.config, order),
      layers: manifest.layers.map(layer => writableDescriptor(layer, order)),
      subject: subject && writableDescriptor(subject, 'oci'),
      annotations: annotations && sortedMap(annotations),
    },
    indent,
  )
}

/** The bytes of an index; one without mediaType is written without, as skopeo writes index.json. */
export function writeIndex(index: Index): Uint8Array {
  const order = index.mediaType === DOCKER_LIST ? 'docker' : 'oci'
  const { schemaVersion, mediaType, artifactType, subject, annotations } = index
  const manifests = index.manifests.map(manifest => writableDescriptor(manifest, order))
  return encode({
    schemaVersion,
    mediaType,
    artifactType,
    manifests,
    subject: subject && writableDescriptor(subject, 'oci'),
    annotations: annotations && sortedMap(annotations),
  })
}

function encode(value: object, indent?: string): Uint8Array {
  return new TextEncoder().encode(goJson(value, indent))
}

const KINDS = {
  manifest: { types: [OCI_MANIFEST, DOCKER_MANIFEST], foreign: 'manifests' },
  index: { types: [OCI_INDEX, DOCKER_LIST], foreign: 'layers' },
}

function parseDocument(raw: Uint8Array, where: string, mediaType: string | undefined, kind: keyof typeof KINDS) {
  const json = object(parseJson(raw, where, 'MANIFEST_INVALID'), where)
  if (json.schemaVersion === 1 || [DOCKER_SCHEMA1, DOCKER_SCHEMA1_UNSIGNED].includes(mediaType ?? ''))
    throw new OciError('UNSUPPORTED', `${where}: a manifest of Docker's schema 1, which nobody writes since 2019`, {
      where,
    })
  if (json.schemaVersion !== 2) throw invalid(where, 'schemaVersion 2', json.schemaVersion)
  const { types, foreign } = KINDS[kind]
  // CVE-2021-41190: a document that is both can mean one thing to a scanner and another to a runtime.
  if (foreign in json) throw invalid(where, `an image ${kind}`, `one that has ${foreign} too`)
  const said = optional(json.mediaType, value => string(value, `${where}: mediaType`)) || undefined
  if (said !== undefined && !types.includes(said)) throw invalid(where, types.join(' or '), said)
  if (said !== undefined && mediaType !== undefined && said !== mediaType) throw invalid(where, mediaType, said)
  return json
}

function common(json: Record<string, unknown>, where: string) {
  const result: Pick<Manifest, 'schemaVersion' | 'mediaType' | 'artifactType' | 'subject' | 'annotations'> = {
    schemaVersion: 2,
  }
  if (json.mediaType) result.mediaType = string(json.mediaType, `${where}: mediaType`)
  if (json.artifactType) result.artifactType = string(json.artifactType, `${where}: artifactType`)
  if (json.subject) result.subject = parseDescriptor(json.subject, `${where}: subject`)
  if (json.annotations) result.annotations = record(json.annotations, `${where}: annotations`)
  return result
}

function invalid(where: string, want: string, got: unknown): OciError {
  return new OciError('MANIFEST_INVALID', `${where}: want ${want}, got ${shown(got)}`, { want, got, where })
}
