import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { type Digest, digestOf } from '../../../spec/digest.ts'
import { OCI_CONFIG, OCI_MANIFEST } from '../../../spec/mediaTypes.ts'
import { type RunningRegistry, type ServerOptions, startRegistry } from './server.ts'

/** Where a registry may keep its things; both must do the same. */
export const media = ['memory', 'folder'] as const

type Call = (
  method: string,
  path: string,
  body?: RequestInit['body'],
  headers?: Record<string, string>,
) => Promise<Response>

/** A registry for a whole `describe`, and short ways to talk to it. */
export interface TestRegistry {
  readonly registry: RunningRegistry
  readonly root: string
  readonly call: Call
  /** Pushes a blob in one request. */
  push(name: string, bytes: string | Uint8Array): Promise<Digest>
  /** Pushes an image that has one config and no layers; the text makes it another image. */
  pushImage(name: string, tag: string, text?: string, more?: object): Promise<Digest>
}

export function testRegistry(medium: (typeof media)[number], options: ServerOptions = {}): TestRegistry {
  let registry: RunningRegistry
  const root = mkdtempSync(join(tmpdir(), 'ocilab-registry-'))
  beforeAll(async () => {
    registry = await startRegistry({ ...(medium === 'folder' && { root }), ...options })
  })
  afterAll(async () => {
    await registry.close()
    rmSync(root, { recursive: true })
  })
  const call: Call = (method, path, body, headers = {}) =>
    fetch(path.startsWith('http') ? path : registry.url + path, {
      method,
      body,
      headers,
      redirect: 'manual',
    })
  const push = async (name: string, bytes: string | Uint8Array) => {
    const digest = digestOf(bytes)
    const answer = await call('POST', `/v2/${name}/blobs/uploads/?digest=${digest}`, bytes)
    if (answer.status !== 201) throw new Error(`push to ${name}: ${answer.status} ${await answer.text()}`)
    return digest
  }
  return {
    get registry() {
      return registry
    },
    root,
    call,
    push,
    async pushImage(name, tag, text = tag, more = {}) {
      const config = { mediaType: OCI_CONFIG, digest: await push(name, '{}'), size: 2 }
      const raw = manifestOf({ config, annotations: { text }, ...more })
      const answer = await call('PUT', `/v2/${name}/manifests/${tag}`, raw, { 'content-type': OCI_MANIFEST })
      if (answer.status !== 201) throw new Error(`push of ${name}:${tag}: ${answer.status} ${await answer.text()}`)
      return digestOf(raw)
    },
  }
}

export function manifestOf(fields: object): string {
  return JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, layers: [], ...fields })
}

/** The code of an error answer. */
export async function codeOf(answer: Response): Promise<string | undefined> {
  return ((await answer.json()) as { errors: { code: string }[] }).errors[0]?.code
}
