import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, it } from 'vitest'
import { copy } from '../../transport/copy.ts'
import { heldImage } from '../../transport/held.ts'
import { testFolder } from '../../transport/testImages.ts'
import { imageOfLayers, treeAt } from './testCase.ts'
import { allCases, expectTheirs } from './testPeer.ts'

// What the tables expect is what umoci does, but for what is written down here. In CI each seventh case, and all of
// these; every one with OCILAB_SWEEP=1.
const SWEEP = process.env.OCILAB_SWEEP === '1'

/** Where umoci 0.4.7 does otherwise, and why we do not follow. */
const DIFFERS: Record<string, string> = {
  'forty-one links': 'it follows links by itself, up to 255; the kernel, and so a container, stops at forty',
  'of what is above the root': 'it removes the folder above the root, with all that is in it',
  'a sparse file of PAX': 'Go makes the file as long as the header wants it',
  'an old folder with contents': 'it takes it for a file',
  'a contiguous file': 'it knows no such kind; POSIX says to take it as a file',
  'PAX for all members is left aside': 'it refuses them; docker leaves them aside, and git archive writes one',
  'an owner beyond 32 bits': 'it cuts off what is above 32 bits',
  'an owner of -1': 'to chown this means: leave it as it is',
  'a negative owner': 'it cuts off the sign',
}

const folder = testFolder()
const home = join(folder, 'home')
afterEach(() => rmSync(home, { recursive: true, force: true }))
const cases = allCases.filter(([name], at) => SWEEP || at % 7 === 0 || name in DIFFERS)

describe('umoci raw unpack', () => {
  it.each(cases)('%s', async (name, layers, expected) => {
    // It may remove the folder above its target: that one is there for this alone.
    mkdirSync(join(home, 'above'), { recursive: true })
    writeFileSync(join(home, 'above/neighbour'), '')
    await copy(heldImage(await imageOfLayers(layers), 'memory'), `oci:${home}/layout:v0`)
    const target = join(home, 'above/rootfs')
    const { status } = spawnSync('umoci', ['raw', 'unpack', '--image', `${home}/layout:v0`, target])
    const theirs = !existsSync(join(home, 'above/neighbour')) ? 'removed' : status === 0 ? treeAt(target) : 'refused'
    expectTheirs(name, theirs, expected, DIFFERS)
  })
})
