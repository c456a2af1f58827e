import { spawn } from 'node:child_process'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { OciError } from '../../errors.ts'
import { openImageAt } from '../../transport/openImageAt.ts'
import { type BenchImage, benchLayout } from './images.ts'
import { program, runProgram } from './program.ts'
import { DIST } from './startUp.ts'
import type { Comparison, Contender, Place, Suite } from './suite.ts'

const IMAGES: BenchImage[] = ['java-app', 'big-layer']
const OCILAB = [process.execPath, join(DIST, 'ocilab.cjs')]
const PATIENCE = 20_000

/** Images between a layout and a registry, which is nobody's own: distribution's. */
export const suite: Suite = {
  async open(place) {
    const host = await startDistribution(join(place.folder, 'full'), place)
    const empty = { storage: join(place.folder, 'empty'), host: '' }
    empty.host = await startDistribution(empty.storage, place)
    const all: Comparison[] = []
    for (const image of IMAGES) all.push(...(await comparisonsOf(image, host, empty, place)))
    return all
  },
}

async function comparisonsOf(
  image: BenchImage,
  host: string,
  empty: { host: string; storage: string },
  place: Place,
): Promise<Comparison[]> {
  const from = `oci:${await benchLayout(image)}:v0`
  const there = `docker://${host}/${image}:v0`
  const fresh = `docker://${empty.host}/${image}:v0`
  const target = join(place.folder, 'to')
  await runProgram([...OCILAB, 'copy', '-q', from, there])
  const into = (contender: Contender): Contender => ({
    ...contender,
    prepare: () => rmSync(target, { recursive: true, force: true }),
    result: () => filesIn(target),
  })
  // What is there already would not move: each push finds an empty registry.
  const upTo = (contender: Contender): Contender => ({
    ...contender,
    prepare: () => rmSync(empty.storage, { recursive: true, force: true }),
    result: () => digestOf(fresh),
  })
  const skopeo = (side: string, ...places: string[]) =>
    program('skopeo copy', ['skopeo', 'copy', '-q', `--${side}-tls-verify=false`, ...places])
  const ocilab = (...places: string[]) => program('ocilab copy', [...OCILAB, 'copy', '-q', ...places])
  const to = `oci:${target}:v0`
  return [
    { name: `pull: ${image}`, goal: 0.5, ours: into(ocilab(there, to)), peers: [into(skopeo('src', there, to))] },
    { name: `copy: ${image}`, goal: 0.5, ours: into(ocilab(from, to)), peers: [into(skopeo('src', from, to))] },
    { name: `push: ${image}`, goal: 0.6, ours: upTo(ocilab(from, fresh)), peers: [upTo(skopeo('dest', from, fresh))] },
  ]
}

/** The names of the blobs are what they are: their digests. */
function filesIn(folder: string): string {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort().join('\n')
}

function digestOf(name: string): Promise<string> {
  return openImageAt(name, image => image.descriptor.digest)
}

async function startDistribution(storage: string, { folder, defer }: Place): Promise<string> {
  const host = `127.0.0.1:${await freePort()}`
  const config = join(folder, 'registry.yml')
  const settings = `storage: {filesystem: {rootdirectory: ${storage}}}\nhttp: {addr: "${host}"}\n`
  writeFileSync(config, `version: 0.1\nlog: {level: error}\n${settings}`)
  const server = spawn('docker-registry', ['serve', config], { stdio: 'ignore' })
  const ended = new Promise<void>(resolve => server.once('exit', () => resolve()).once('error', () => resolve()))
  defer(async () => {
    server.kill()
    await ended
  })
  for (const deadline = Date.now() + PATIENCE; Date.now() < deadline; await sleep(50)) {
    const answers = await fetch(`http://${host}/v2/`).then(
      answer => answer.ok,
      () => false,
    )
    if (answers) return host
  }
  throw new OciError('TOOL_MISSING', 'docker-registry: does not answer', { want: 'docker-registry', where: host })
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
}
