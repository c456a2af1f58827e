import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { TarInput } from '../../bytes/tar.ts'
import { writeTar } from '../../bytes/writeTar.ts'
import { imageFrom, type NewLayer } from '../../image/build.ts'
import { hostPlatform } from '../../spec/platform.ts'
import { blobDirectory } from '../../transport/blobDirectory.ts'
import { copy } from '../../transport/copy.ts'
import { heldImage } from '../../transport/held.ts'
import { openImageAt } from '../../transport/openImageAt.ts'
import { mountFresh, unmountFresh } from './freshMount.ts'
import { type Figures, measureAlone } from './measure.ts'
import { program } from './program.ts'
import { askAgain, ourRegistry } from './registries.ts'
import type { Curve, Point } from './scalingChart.ts'
import { DIST } from './startUp.ts'
import type { Contender, Place } from './suite.ts'

const RUNS = 3
const MB = 1_000_000
const FILE = Buffer.alloc(1000, 'scaling ')
const FILES_IN_A_LAYER = 200
const FILES_IN_A_FOLDER = 100
const PULLED = 64 * MB

/** Ten times as much should take ten times as long, and no more memory. */
export async function scaling(place: Place, tell: (curve: Curve) => void): Promise<Curve[]> {
  const curves: Curve[] = []
  for (const work of [byLayers, byFiles, byBytes, byPulls]) {
    const curve = await work(place)
    tell(curve)
    curves.push(curve)
  }
  return curves
}

function byLayers(place: Place): Promise<Curve> {
  const layers = (count: number) =>
    Array.from({ length: count }, (_, layer) => ({ tar: writeTar(smallFiles(FILES_IN_A_LAYER, `l${layer}`)) }))
  return unpacking('layers', [1, 10, 50], layers, place)
}

function byFiles(place: Place): Promise<Curve> {
  return unpacking('files', [1000, 10_000, 100_000], count => [{ tar: writeTar(smallFiles(count)) }], place)
}

function byBytes(place: Place): Promise<Curve> {
  return unpacking('MB in a layer', [10, 100, 500, 2000], size => [{ tar: writeTar([largeFile(size * MB)]) }], place)
}

async function unpacking(
  of: string,
  amounts: number[],
  layers: (amount: number) => NewLayer[],
  place: Place,
): Promise<Curve> {
  const points: Point[] = []
  for (const amount of amounts) {
    const layout = await layoutOf(layers(amount), place)
    const mount = join(place.folder, 'fresh')
    const command = [process.execPath, join(DIST, 'ocilab.cjs'), 'unpack', '-q', `oci:${layout}:v0`, join(mount, 'to')]
    const unpack = program('ocilab unpack', command)
    points.push(
      pointOf(
        amount,
        await measured({ ...unpack, prepare: () => mountFresh(mount), result: () => unmountFresh(mount) }, place),
      ),
    )
    rmSync(layout, { recursive: true })
  }
  return { name: 'unpack', of, points }
}

async function layoutOf(layers: NewLayer[], { folder }: Place): Promise<string> {
  const layout = join(folder, 'layout')
  const blobs = join(folder, 'blobs')
  await copy(
    heldImage(await imageFrom({ ...hostPlatform(), layers }, blobDirectory(blobs)), 'bench'),
    `oci:${layout}:v0`,
  )
  rmSync(blobs, { recursive: true })
  return layout
}

/** Of the server alone: its clients are as small as can be. */
async function byPulls(place: Place): Promise<Curve> {
  const { port, pid } = await ourRegistry(place)
  // Bytes that no compression makes fewer.
  const body = randomBytes(PULLED)
  const layout = await layoutOf([{ tar: writeTar([{ path: Buffer.from('random'), type: 'file', body }]) }], place)
  const name = `docker://127.0.0.1:${port}/bench:v0`
  await copy(`oci:${layout}:v0`, name)
  const blob = await openImageAt(name, ({ layers }) => `/v2/bench/blobs/${layers[0]!.descriptor.digest}`)
  const pull = () => askAgain(port, '/v2/bench/manifests/v0', 1).then(() => askAgain(port, blob, 1))
  const points: Point[] = []
  for (const amount of [1, 8, 64]) {
    const run = () => Promise.all(Array.from({ length: amount }, pull))
    points.push(pointOf(amount, await measured({ name: 'ocilab registry', server: pid, run }, place)))
  }
  return { name: 'registry', of: 'pulls at once', points }
}

function measured(contender: Contender, { folder }: Place): Promise<Figures> {
  return measureAlone(contender, folder, RUNS)
}

function pointOf(amount: number, { cpu, peak }: Figures): Point {
  return { amount, cpu, peak }
}

function* smallFiles(count: number, top = 'top'): Generator<TarInput> {
  yield { path: Buffer.from(top), type: 'directory' }
  for (let file = 0; file < count; file++) {
    const folder = `${top}/d${Math.floor(file / FILES_IN_A_FOLDER)}`
    if (file % FILES_IN_A_FOLDER === 0) yield { path: Buffer.from(folder), type: 'directory' }
    yield { path: Buffer.from(`${folder}/f${file}`), type: 'file', body: FILE }
  }
}

function largeFile(size: number): TarInput {
  async function* body() {
    const chunk = Buffer.alloc(MB, 'scaling ')
    for (let left = size; left > 0; left -= MB) yield chunk
  }
  return { path: Buffer.from('large'), type: 'file', size, body: body() }
}
