import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { bytesOf } from '../../bytes/collect.ts'
import { fileBytes } from '../../bytes/file.ts'
import { OciError } from '../../errors.ts'
import { say } from '../../events.ts'
import { type Descriptor, EMPTY_DESCRIPTOR } from '../../spec/descriptor.ts'
import { digester, digestOf } from '../../spec/digest.ts'
import { writeManifest } from '../../spec/manifest.ts'
import { OCI_MANIFEST } from '../../spec/mediaTypes.ts'
import { familiarReference, parseReference, withDefaultTag } from '../../spec/reference.ts'
import type { TransportOptions } from '../transport.ts'
import type { RegistryClient } from './client.ts'
import { clientFor } from './transport.ts'

/** A file to attach; its media type is `application/octet-stream` unless somebody knows better. */
export interface AttachedFile {
  path: string
  mediaType?: string
}

export interface AttachOptions extends TransportOptions {
  annotations?: Record<string, string>
}

// image-spec annotations.md; oras gives a file back under this name.
const TITLE = 'org.opencontainers.image.title'
const CREATED = 'org.opencontainers.image.created'

/**
 * Attaches files to an image: a manifest of their own, with the image as its subject. ≙ `oras attach`.
 * image-spec manifest.md § Guidelines for Artifact Usage
 */
export async function attach(
  name: string,
  artifactType: string,
  files: readonly AttachedFile[],
  options: AttachOptions = {},
): Promise<Descriptor> {
  if (!/^[\w.+-]+\/[\w.+-]+$/.test(artifactType))
    throw new OciError('ARGUMENT_INVALID', `artifact type: want TYPE/SUBTYPE, got ${JSON.stringify(artifactType)}`, {
      want: 'TYPE/SUBTYPE',
      got: artifactType,
    })
  const reference = withDefaultTag(parseReference(name))
  say(options, `oras attach --artifact-type ${artifactType} ${familiarReference(reference)} …`)
  const client = clientFor(reference, options)
  try {
    const { descriptor: subject } = await client.manifest(reference.digest ?? reference.tag!)
    const layers: Descriptor[] = []
    for (const file of files) layers.push(await pushFile(client, file))
    if (!(await client.hasBlob(EMPTY_DESCRIPTOR.digest))) await client.pushBlob(bytesOf('{}'), EMPTY_DESCRIPTOR)
    const raw = writeManifest({
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      artifactType,
      config: EMPTY_DESCRIPTOR,
      // A manifest has at least one layer: where there is no file, the empty one.
      layers: layers.length > 0 ? layers : [EMPTY_DESCRIPTOR],
      subject,
      annotations: { [CREATED]: new Date().toISOString(), ...options.annotations },
    })
    return { ...(await client.pushManifest(digestOf(raw), OCI_MANIFEST, raw)), artifactType }
  } finally {
    client.close()
  }
}

async function pushFile(client: RegistryClient, { path, mediaType }: AttachedFile): Promise<Descriptor> {
  const { size } = await stat(path)
  const hash = digester()
  for await (const chunk of fileBytes(path)) hash.update(chunk)
  const known = { digest: hash.digest(), size }
  if (!(await client.hasBlob(known.digest)))
    await client.pushBlob(fileBytes(path), known, { again: () => fileBytes(path) })
  return { mediaType: mediaType ?? 'application/octet-stream', ...known, annotations: { [TITLE]: basename(path) } }
}

/** An artifact, with what in turn refers to it. */
export interface Referrer {
  readonly descriptor: Descriptor
  readonly referrers: readonly Referrer[]
}

// A signature of a signature of a list of what is inside: nobody goes deeper, but a circle would.
const DEPTH = 8

/** What was attached to an image, and to that, and so on. ≙ `oras discover` */
export async function discover(
  name: string,
  options: TransportOptions & { artifactType?: string } = {},
): Promise<Referrer> {
  const reference = withDefaultTag(parseReference(name))
  const { artifactType } = options
  say(options, `oras discover ${familiarReference(reference)}`)
  const client = clientFor(reference, options)
  const below = async (descriptor: Descriptor, depth: number): Promise<Referrer> => {
    const found = depth < DEPTH ? await client.referrers(descriptor.digest, depth === 0 ? artifactType : undefined) : []
    const referrers: Referrer[] = []
    for (const it of found) referrers.push(await below(it, depth + 1))
    return { descriptor, referrers }
  }
  try {
    return await below((await client.manifest(reference.digest ?? reference.tag!)).descriptor, 0)
  } finally {
    client.close()
  }
}
