import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { chainIds } from '../../image/chainId.ts'
import type { Image } from '../../image/image.ts'
import { copy } from '../../transport/copy.ts'
import { heldImage } from '../../transport/held.ts'
import { testFolder } from '../../transport/testImages.ts'
import { imageOfLayers, treeAt } from './testCase.ts'
import { allCases, expectTheirs } from './testPeer.ts'

// What the tables expect is what containerd unpacks, but for what is written down here. In CI each nineteenth case, and each
// third of these; every one with OCILAB_SWEEP=1.
const SWEEP = process.env.OCILAB_SWEEP === '1'

const ROOT = 'a member that is the root it leaves aside, whatever it is'
const FOLDERS = 'it makes the folders above a whiteout, though there is nothing in them to hide'
const OWN_LAYER =
  'what the same layer has made before, it hides, too: in image-spec a whiteout hides what is below it alone'
const OWNER = 'it cuts off what is above 32 bits, and leaves an owner of -1 as it is'

/** Where containerd 1.6.20 does otherwise, and why we do not follow. */
const DIFFERS: Record<string, string> = {
  'a sparse file of PAX': 'Go makes the file as long as the header wants it',
  'a contiguous file': 'it knows no such kind; POSIX says to take it as a file',
  'below a file': 'it refuses what is below a file; here the later member wins',
  'after its own folder':
    'it refuses to hide, in one layer, what that layer has made; the order of members says nothing here',
  'opaque of a file': 'it refuses what is below a file; here the later member wins',
  'forty-one links': 'it follows links by itself, up to 255; the kernel, and so a container, stops at forty',
  'an old folder with contents': 'it takes it for a file',
  'a whiteout through a link to the neighbours': FOLDERS,
  'opaque through a link to the neighbours': FOLDERS,
  'below what is not there': FOLDERS,
  'opaque of what is not there': FOLDERS,
  'the root as a link': ROOT,
  'the root as a link, /': ROOT,
  'the root as a file': ROOT,
  'the root as a fifo': ROOT,
  'the root as a device': ROOT,
  'the root as a hardlink': ROOT,
  'the root by a way round': ROOT,
  'a member without a name': ROOT,
  'after its own': OWN_LAYER,
  'after what it needs a folder for': OWN_LAYER,
  'after what it needs two folders for': OWN_LAYER,
  'what a link’s name wrote, its folder’s name keeps': OWN_LAYER,
  'an owner beyond 32 bits': OWNER,
  'an owner of -1': OWNER,
  'a negative owner': OWNER,
}

const folder = testFolder()
const address = join(folder, 'socket')
let daemon: ChildProcess

const CONFIG = `version = 2
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
`

const ctr = (...args: string[]) => spawnSync('ctr', ['--address', address, ...args], { encoding: 'utf8' })

beforeAll(async () => {
  writeFileSync(join(folder, 'config.toml'), CONFIG)
  const places = ['--config', 'config.toml', '--root', 'root', '--state', 'state', '--address', address]
  daemon = spawn('containerd', [...places, '--log-level', 'fatal'], { cwd: folder, stdio: 'ignore' })
  while (ctr('version').status !== 0) await sleep(50)
})
afterAll(async () => {
  daemon.kill()
  await new Promise(resolve => daemon.once('exit', resolve))
})
// Nothing is removed between two cases: what one has unpacked, the next one may count on.
let turn = 0
afterEach(() => void turn++)

const cases = allCases.filter(([name], at) => SWEEP || at % (name in DIFFERS ? 3 : 19) === 0)

describe('ctr images import', () => {
  it.each(cases)('%s', async (name, layers, expected) => {
    const image = await imageOfLayers(layers)
    await copy(heldImage(image, 'memory'), `oci-archive:${folder}/image.tar:v0`)
    const theirs = unpackedFrom(image)
    expectTheirs(name, theirs, expected, DIFFERS)
  })
})

function unpackedFrom(image: Image): Record<string, string> | string {
  const name = ['--base-name', `it-${turn}`]
  const { status } = ctr('images', 'import', '--snapshotter', 'native', ...name, `${folder}/image.tar`)
  return status === 0 ? treeAt(join(folder, snapshotOf(image))) : 'refused'
}

/**
 * The folder of what was unpacked: the native snapshotter keeps everything in folders. The view itself is nobody's, and the
 * collector of garbage may take it at once: so the answer is asked for with it, and not after it.
 */
function snapshotOf(image: Image): string {
  const top = chainIds(image.layers.map(({ diffId }) => diffId)).at(-1)!
  const view = ['view', '--target', '/nowhere', `seen-${turn}`, top]
  const { stdout, stderr } = ctr('snapshots', '--snapshotter', 'native', ...view)
  expect(stderr).toBe('')
  return /^mount -t bind (\S+)/.exec(stdout)![1]!
}
