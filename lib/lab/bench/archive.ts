import { createHash } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Bytes } from '../../bytes/bytes.ts'
import { fileBytes } from '../../bytes/file.ts'
import { readTar } from '../../bytes/readTar.ts'
import { pathBelow } from '../../image/layerPath.ts'
import { digestOf } from '../../spec/digest.ts'
import { openImageAt } from '../../transport/openImageAt.ts'
import { compressing } from './compress.ts'
import { type Docker, startDocker } from './dockerd.ts'
import { type BenchImage, benchLayout } from './images.ts'
import { program, runProgram } from './program.ts'
import { DIST } from './startUp.ts'
import type { Comparison, Contender, Place, Suite } from './suite.ts'

const OCILAB = [process.execPath, join(DIST, 'ocilab.cjs')]
const NAME = 'bench:v0'
/** What an engine adds to the files of a container when it makes one: they are no part of the image. */
const OF_THE_ENGINE = /^(\.dockerenv|(dev|etc|proc|sys)(\/.*)?)$/

/** Images as one file: docker's archives, written and read, and all layers laid over each other. */
export const suite: Suite = {
  async open(place) {
    const docker = await startDocker(place)
    const all: Comparison[] = []
    for (const image of ['java-app', 'many-files', 'big-layer'] as const)
      all.push(await asArchive(image, { goal: 0.3 }, place))
    for (const image of ['java-app', 'many-files'] as const) all.push(...(await besideDocker(image, docker, place)))
    all.push(await flattened('java-app', place))
    all.push(await compressing('java-app', place))
    return all
  },
}

export async function asArchive(
  image: BenchImage,
  goals: Pick<Comparison, 'goal' | 'today'>,
  { folder }: Place,
): Promise<Comparison> {
  const from = `oci:${await benchLayout(image)}:v0`
  const file = join(folder, 'archive.tar')
  const into = (name: string, command: readonly string[]) =>
    leaving(file, program(name, [...command, from, `docker-archive:${file}:${NAME}`]), contentsOf(file))
  return {
    ...{ name: `docker-archive: ${image}`, ...goals },
    ours: into('ocilab copy', [...OCILAB, 'copy', '-q']),
    peers: [into('skopeo copy', ['skopeo', 'copy', '-q'])],
  }
}

/** The daemon gets the image, and a container of it, before anything is measured. */
async function besideDocker(image: BenchImage, docker: Docker, { folder }: Place): Promise<Comparison[]> {
  const from = `oci:${await benchLayout(image)}:v0`
  const name = `${image}:v0`
  const [archive, layout, out] = ['tar', 'layout', 'out'].map(end => join(folder, `${image}.${end}`)) as [
    string,
    string,
    string,
  ]
  await runProgram([...OCILAB, 'save', '-q', from, '-n', name, '-o', archive])
  docker('load', '-i', archive)
  docker('create', '--name', image, name, 'none')
  const saved = (contender: Contender) => leaving(out, contender, contentsOf(out))
  const exported = (contender: Contender) => leaving(out, contender, () => filesOf(out))
  const loaded = (title: string, ...command: string[]) =>
    leaving(layout, program(title, [...command, `oci:${layout}:v0`]), contentsOf(layout))
  return [
    {
      ...{ name: `save: ${image}`, goal: 0.3 },
      ours: saved(program('ocilab save', [...OCILAB, 'save', '-q', from, '-n', name, '-o', out])),
      peers: [saved({ name: 'docker save', server: docker.daemon, run: () => docker('save', name, '-o', out) })],
    },
    {
      ...{ name: `export: ${image}`, goal: 0.3 },
      ours: exported(program('ocilab export', [...OCILAB, 'export', '-q', from, '-o', out])),
      peers: [
        exported({ name: 'docker export', server: docker.daemon, run: () => docker('export', image, '-o', out) }),
      ],
    },
    {
      ...{ name: `load: ${image}`, goal: 1 },
      ours: loaded('ocilab load', ...OCILAB, 'load', '-q', '-i', archive),
      peers: [loaded('skopeo copy', 'skopeo', 'copy', '-q', `docker-archive:${archive}`)],
    },
  ]
}

/** umoci has no word for it; it is done by four. */
async function flattened(image: BenchImage, { folder }: Place): Promise<Comparison> {
  const layout = await benchLayout(image)
  const [to, bundle] = ['flat', 'bundle'].map(name => join(folder, name)) as [string, string]
  const steps = [
    'umoci unpack --image "$0:v0" "$1"',
    'umoci init --layout "$2"',
    'umoci new --image "$2:v0"',
    'umoci insert --image "$2:v0" "$1/rootfs" /',
  ]
  const files = () => openImageAt(`oci:${to}:v0`, ({ layers }) => fingerprint(layers[0]!.uncompressed()))
  const umoci = leaving(to, program('umoci', ['sh', '-c', steps.join(' && '), layout, bundle, to]), files)
  return {
    ...{ name: `flatten: ${image}`, goal: 1 },
    ours: leaving(
      to,
      program('ocilab flatten', [...OCILAB, 'flatten', '-q', `oci:${layout}:v0`, `oci:${to}:v0`]),
      files,
    ),
    peers: [{ ...umoci, prepare: () => [to, bundle].forEach(remove) }],
  }
}

/** What it makes at `path` is new each time. */
function leaving(path: string, contender: Contender, result: () => unknown): Contender {
  return { ...contender, prepare: () => remove(path), result }
}

function remove(path: string): void {
  rmSync(path, { recursive: true, force: true })
}

/** The layers of an archive or a layout, each read and verified. */
function contentsOf(path: string): () => Promise<string[]> {
  const place = path.endsWith('.layout') ? `oci:${path}:v0` : `docker-archive:${path}`
  return () =>
    openImageAt(place, async ({ layers }) => {
      for (const layer of layers) for await (const _chunk of layer.uncompressed());
      return layers.map(({ diffId }) => diffId)
    })
}

function filesOf(tar: string): Promise<string> {
  return fingerprint(fileBytes(tar))
}

/** Of the names, kinds and contents in a tar, whatever their order. */
async function fingerprint(tar: Bytes): Promise<string> {
  const files = new Map<string, string>()
  for await (const { path, type, linkpath, body } of readTar(tar, 'tar')) {
    const hash = createHash('sha256')
    for await (const chunk of body) hash.update(chunk)
    const name = pathBelow(path, 'tar')
    const seen =
      type === 'hardlink' ? files.get(pathBelow(linkpath!, 'tar'))! : `${type} ${linkpath} ${hash.digest('hex')}`
    if (name !== '' && !OF_THE_ENGINE.test(name)) files.set(name, seen)
  }
  return digestOf(JSON.stringify([...files].sort()))
}
