import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseManifest } from '../../spec/manifest.ts'
import { openImageAt } from '../../transport/openImageAt.ts'
import { RegistryClient } from '../../transport/registry/client.ts'
import { type BenchImage, benchLayout } from './images.ts'
import { program, runProgram } from './program.ts'
import { cncfRegistry, ourRegistry } from './registries.ts'
import { DIST } from './startUp.ts'
import type { Comparison, Contender, Place, Suite } from './suite.ts'

const IMAGES: BenchImage[] = ['java-app', 'big-layer']
const OCILAB = [process.execPath, join(DIST, 'ocilab.cjs')]

/** Images between a layout and registries: CNCF distribution, whose own time bounds a push to it, and ours. */
export const suite: Suite = {
  async open(place) {
    const registries = { cncf: hostOf(await cncfRegistry(place)), ours: hostOf(await ourRegistry(place)) }
    const empty = { storage: join(place.folder, 'empty'), host: hostOf(await cncfRegistry(place, 'empty')) }
    const all: Comparison[] = []
    for (const image of IMAGES) all.push(...(await comparisonsOf(image, registries, empty, place)))
    return all
  },
}

async function comparisonsOf(
  image: BenchImage,
  { cncf, ours }: { cncf: string; ours: string },
  empty: { host: string; storage: string },
  place: Place,
): Promise<Comparison[]> {
  const from = `oci:${await benchLayout(image)}:v0`
  const there = `docker://${cncf}/${image}:v0`
  const target = join(place.folder, 'to')
  await runProgram([...OCILAB, 'copy', '-q', from, there])
  const into = (contender: Contender): Contender => ({
    ...contender,
    prepare: () => rmSync(target, { recursive: true, force: true }),
    result: () => filesIn(target),
  })
  // What is there already would not move: each push finds an empty registry.
  const upTo = (host: string, empties: () => unknown) => {
    const fresh = `docker://${host}/${image}:v0`
    const up = (contender: Contender) => ({ ...contender, prepare: empties, result: () => digestOf(fresh) })
    return { ours: up(ocilab(from, fresh)), peers: [up(skopeo('dest', from, fresh))] }
  }
  const skopeo = (side: string, ...places: string[]) =>
    program('skopeo copy', ['skopeo', 'copy', '-q', `--${side}-tls-verify=false`, ...places])
  const ocilab = (...places: string[]) => program('ocilab copy', [...OCILAB, 'copy', '-q', ...places])
  const to = `oci:${target}:v0`
  const throwAway = () => rmSync(empty.storage, { recursive: true, force: true })
  return [
    { name: `pull: ${image}`, goal: 0.5, ours: into(ocilab(there, to)), peers: [into(skopeo('src', there, to))] },
    { name: `copy: ${image}`, goal: 0.5, ours: into(ocilab(from, to)), peers: [into(skopeo('src', from, to))] },
    { name: `push to ocilab: ${image}`, goal: 0.6, ...upTo(ours, () => forget(ours, image)) },
    { name: `push to docker-registry: ${image}`, goal: 0.6, ...upTo(empty.host, throwAway) },
  ]
}

function hostOf({ port }: { port: number }): string {
  return `127.0.0.1:${port}`
}

/** Deletes an image with all its blobs. */
async function forget(host: string, name: string): Promise<void> {
  const client = new RegistryClient(host, name)
  const found = await client.findManifest('v0')
  if (found === undefined) return client.close()
  const { config, layers } = parseManifest(found.raw, name)
  await client.deleteManifest(found.descriptor.digest)
  for (const { digest } of [config, ...layers]) await client.deleteBlob(digest)
  client.close()
}

/** The names of the blobs are what they are: their digests. */
function filesIn(folder: string): string {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort().join('\n')
}

function digestOf(name: string): Promise<string> {
  return openImageAt(name, image => image.descriptor.digest)
}
