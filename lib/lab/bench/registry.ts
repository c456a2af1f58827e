import { randomBytes } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { digestOf } from '../../spec/digest.ts'
import { OCI_CONFIG, OCI_LAYER, OCI_MANIFEST } from '../../spec/mediaTypes.ts'
import { runProgram } from './program.ts'
import { askAgain, cncfRegistry, ourRegistry, type Server } from './registries.ts'
import type { Comparison, Contender, Place, Suite } from './suite.ts'

const SIZE = 95 << 20
const GETS = { blob: 5, manifest: 2000 }

/** Our registry beside CNCF distribution, both from a folder; what we take is on the disk before we say so. */
export const suite: Suite = {
  async open(place) {
    const ours = await ourRegistry(place)
    const cncf = await cncfRegistry(place)
    const layer = randomBytes(SIZE)
    const paths = await Promise.all([ours, cncf].map(server => fill(server, layer)))
    const { blob, manifest } = paths[0]!
    return [
      comparison('registry: GET of a blob of 95 MiB', 1 / 1.3, server => get(server, blob, GETS.blob)),
      comparison('registry: GET of a manifest', 1 / 5, server => get(server, manifest, GETS.manifest)),
      comparison('registry: PUT of a blob of 95 MiB', 0.5, server => put(server, place)),
    ]

    function comparison(name: string, goal: number, contender: (server: Server) => Contender): Comparison {
      return { name, goal, ours: contender(ours), peers: [contender(cncf)] }
    }
  },
}

function get({ name, port, pid }: Server, path: string, times: number): Contender {
  return { name, server: pid, run: () => askAgain(port, path, times) }
}

function put({ name, url, pid }: Server, { folder }: Place): Contender {
  const file = join(folder, `put-${name.split(' ')[0]}`)
  let location = ''
  let blob = ''
  return {
    name,
    server: pid,
    async prepare() {
      const bytes = randomBytes(SIZE)
      const digest = digestOf(bytes)
      writeFileSync(file, bytes)
      location = await beginUpload(url, digest)
      blob = `${url}/v2/bench/blobs/${digest}`
    },
    run: () => runProgram(['curl', '-sf', '-T', file, '-H', 'Content-Type: application/octet-stream', location]),
    async result() {
      rmSync(file)
      return (await fetch(blob, { method: 'HEAD' })).headers.get('content-length')
    },
  }
}

/** An image whose one layer is `layer`. */
async function fill({ url }: Server, layer: Uint8Array<ArrayBuffer>): Promise<{ blob: string; manifest: string }> {
  const descriptors = []
  for (const [mediaType, bytes] of [
    [OCI_CONFIG, Buffer.from('{}')],
    [OCI_LAYER, layer],
  ] as const) {
    const digest = digestOf(bytes)
    await fetch(await beginUpload(url, digest), { method: 'PUT', body: bytes })
    descriptors.push({ mediaType, digest, size: bytes.length })
  }
  const [config, ...layers] = descriptors
  const body = JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers })
  await fetch(`${url}/v2/bench/manifests/v0`, { method: 'PUT', body, headers: { 'content-type': OCI_MANIFEST } })
  return { blob: `/v2/bench/blobs/${layers[0]!.digest}`, manifest: '/v2/bench/manifests/v0' }
}

async function beginUpload(url: string, digest: string): Promise<string> {
  const answer = await fetch(`${url}/v2/bench/blobs/uploads/`, { method: 'POST' })
  const location = new URL(answer.headers.get('location')!, url)
  location.searchParams.set('digest', digest)
  return location.href
}
