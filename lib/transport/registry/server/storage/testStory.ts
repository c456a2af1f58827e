import { type Digest, digestOf } from '../../../../spec/digest.ts'
import { OCI_CONFIG, OCI_LAYER, OCI_MANIFEST } from '../../../../spec/mediaTypes.ts'
import { manifestOf } from '../testRegistry.ts'

/** One thing that was asked of a registry, and what came of it. */
export interface Step {
  readonly name: string
  readonly want: number
  /** 0 for a body that broke off. */
  readonly status: number
  /** Of an error answer. */
  readonly code?: string
  /** What no answer may be: none at all, or other bytes than were pushed. */
  readonly problem?: string
}

interface Asked extends Step {
  readonly location: string
}

const layer = Buffer.alloc(300_000, 'layer')
const chunked = Buffer.alloc(200_000, 'chunk')
const config = Buffer.from('{}')
const image = (text: string, more: object = {}) =>
  manifestOf({
    ...{ config: part(OCI_CONFIG, config), layers: [part(OCI_LAYER, layer)], annotations: { text }, ...more },
  })
const part = (mediaType: string, bytes: Buffer) => ({ mediaType, digest: digestOf(bytes), size: bytes.length })

/** Pushes to two repositories in all ways there are, pulls, lists, and deletes a part of it again. */
export async function pushedAndPulled(url: string): Promise<Step[]> {
  const steps: Step[] = []
  const ask = async (
    name: string,
    want: number,
    path: string,
    { expected, ...init }: RequestInit & { expected?: string | Buffer } = {},
  ): Promise<Asked> => {
    const step = await answerOf(new URL(path, url), init, { name, want, expected })
    steps.push(step)
    return step
  }
  const push = (name: string, bytes: Buffer<ArrayBuffer>) =>
    ask(`POST to ${name}`, 201, `/v2/${name}/blobs/uploads/?digest=${digestOf(bytes)}`, { method: 'POST', body: bytes })
  const put = (reference: string, body: string) =>
    ask(`PUT ${reference}`, 201, `/v2/a/manifests/${reference}`, {
      ...{ method: 'PUT', body, headers: { 'content-type': OCI_MANIFEST } },
    })
  const begin = () => ask('POST', 202, '/v2/a/blobs/uploads/', { method: 'POST' })
  const [first, second] = [image('1'), image('2')]
  const about = image('3', { subject: { mediaType: OCI_MANIFEST, digest: digestOf(first), size: first.length } })

  await push('a', layer)
  await push('a', config)
  const { location } = await begin()
  await ask('PATCH', 202, location, { method: 'PATCH', body: chunked.subarray(0, 100_000) })
  await ask('PUT', 201, `${location}?digest=${digestOf(chunked)}`, { method: 'PUT', body: chunked.subarray(100_000) })
  const given = await begin()
  await ask('PATCH', 202, given.location, { method: 'PATCH', body: config })
  await ask('DELETE', 204, given.location, { method: 'DELETE' })
  await ask('mount', 201, `/v2/b/blobs/uploads/?mount=${digestOf(layer)}&from=a`, { method: 'POST' })
  await push('b', config)
  await put('v1', first)
  await put('v2', second)
  await put(digestOf(about), about)
  await ask('GET v1', 200, '/v2/a/manifests/v1', { expected: first })
  await ask('GET', 200, blob('a', layer), { expected: layer })
  await ask('GET a range', 206, blob('a', chunked), {
    headers: { range: 'bytes=1000-' },
    expected: chunked.subarray(1000),
  })
  await ask('HEAD', 200, blob('b', layer), { method: 'HEAD' })
  await ask('tags', 200, '/v2/a/tags/list')
  await ask('referrers', 200, `/v2/a/referrers/${digestOf(first)}`)
  await ask('catalog', 200, '/v2/_catalog')
  await ask('DELETE v2', 202, '/v2/a/manifests/v2', { method: 'DELETE' })
  await ask('DELETE a manifest', 202, `/v2/a/manifests/${digestOf(second)}`, { method: 'DELETE' })
  await ask('DELETE a blob', 202, blob('b', config), { method: 'DELETE' })
  await ask('GET v1 again', 200, '/v2/a/manifests/v1', { expected: first })
  return steps
}

function blob(name: string, bytes: Buffer): `/v2/${string}/blobs/${Digest}` {
  return `/v2/${name}/blobs/${digestOf(bytes)}`
}

async function answerOf(
  url: URL,
  init: RequestInit,
  { name, want, expected }: { name: string; want: number; expected?: string | Buffer },
): Promise<Asked> {
  const asked = { name, want, location: '/v2/none' }
  const answer = await fetch(url, { ...init, signal: AbortSignal.timeout(20_000) }).catch(error => error as Error)
  if (answer instanceof Error) return { ...asked, status: 0, problem: `no answer: ${answer.message}` }
  const { status, headers } = answer
  const body = await answer.arrayBuffer().catch(() => undefined)
  if (body === undefined) return { ...asked, status: 0 }
  const location = headers.get('location') ?? asked.location
  // The answer to HEAD has no body to say more in.
  const code = () => (init.method === 'HEAD' ? 'HEAD' : codeIn(Buffer.from(body)))
  if (status >= 400) return { ...asked, status, code: code() }
  const isOther = expected !== undefined && !Buffer.from(body).equals(Buffer.from(expected))
  return { ...asked, status, location, ...(isOther && { problem: 'other bytes' }) }
}

function codeIn(body: Buffer): string | undefined {
  try {
    return JSON.parse(body.toString()).errors[0].code
  } catch {
    return undefined
  }
}
