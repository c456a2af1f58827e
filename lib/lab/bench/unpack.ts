import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { hexOf } from '../../spec/digest.ts'
import { parseTransport } from '../../transport/parse.ts'
import { mountFresh, unmountFresh } from './freshMount.ts'
import { type BenchImage, benchLayout } from './images.ts'
import { program } from './program.ts'
import { DIST } from './startUp.ts'
import type { Comparison, Contender, Place, Suite } from './suite.ts'

const GOALS: [BenchImage, number][] = [
  ['java-app', 0.3],
  ['many-files', 0.4],
  ['big-layer', 0.25],
]

/** The layers of an image as files. */
export const suite: Suite = {
  async open(place) {
    const all: Comparison[] = []
    for (const [image, goal] of GOALS) all.push(await unpacked(image, { goal }, place))
    return all
  },
}

export async function unpacked(
  name: BenchImage,
  goals: Pick<Comparison, 'goal' | 'today'>,
  { folder }: Place,
): Promise<Comparison> {
  const layout = await benchLayout(name)
  const source = await parseTransport(`oci:${layout}:v0`).source()
  const blobs = (await source.resolve()).layers.map(({ descriptor }) => `blobs/sha256/${hexOf(descriptor.digest)}`)
  await source.close()
  const mount = join(folder, 'fresh')
  const target = join(mount, 'to')
  const ours = [process.execPath, join(DIST, 'ocilab.cjs'), 'unpack', `oci:${layout}:v0`, target]
  const untar = `mkdir "$0" && for blob; do tar --extract --gunzip --file="$blob" --directory="$0" || exit; done`
  return {
    ...{ name: `unpack: ${name}`, ...goals },
    ours: fresh(mount, program('ocilab unpack', ours), ''),
    peers: [
      fresh(mount, program('tar xzf', ['sh', '-c', untar, target, ...blobs.map(blob => join(layout, blob))]), ''),
      fresh(
        mount,
        program('oci-image-tool unpack', ['oci-image-tool', 'unpack', '--ref', 'name=v0', layout, target]),
        '',
      ),
      fresh(mount, program('umoci unpack', ['umoci', 'unpack', '--image', `${layout}:v0`, target]), 'rootfs'),
    ],
  }
}

function fresh(mount: string, contender: Contender, rootfs: string): Contender {
  return {
    ...contender,
    prepare: () => mountFresh(mount),
    async result() {
      const seen = fingerprint(join(mount, 'to', rootfs))
      await unmountFresh(mount)
      return seen
    },
  }
}

/** Of the names, kinds and contents of a tree: what every tool is to make of an image, whoever runs it. */
function fingerprint(tree: string): string {
  const hash = createHash('sha256')
  const visit = (folder: string): void => {
    const entries = readdirSync(folder, { withFileTypes: true })
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, entry.name)
      hash.update(`${path.slice(tree.length)}\0`)
      if (entry.isDirectory()) visit(path)
      else if (entry.isSymbolicLink()) hash.update(`link to ${readlinkSync(path)}\0`)
      else if (entry.isFile()) hash.update(createHash('sha256').update(readFileSync(path)).digest())
    }
  }
  visit(tree)
  return hash.digest('hex')
}
