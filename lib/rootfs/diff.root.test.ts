import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { collect } from '../bytes/collect.ts'
import { writeTar } from '../bytes/writeTar.ts'
import { imageFrom } from '../image/build.ts'
import { testFolder } from '../transport/testImages.ts'
import { folderDiff, overlayDiff } from './diff.ts'
import { LowerFolders } from './lowerFolders.ts'
import { mountOverlay, unmount } from './overlay.ts'
import { imageWith, type Member } from './testLayers.ts'
import { readTree, readXattrs } from './testTree.ts'
import { TreeLower, treeOf } from './treeLower.ts'
import { unpack } from './unpack.ts'

const folder = testFolder()
let next = 0

const lower: Record<string, Member> = {
  'a/': { mode: 0o750, uid: 3, gid: 4 },
  'a/f': { body: 'f', mode: 0o644, mtime: { seconds: 7, nanoseconds: 5 } },
  'a/g': { type: 'hardlink', linkpath: 'a/f' },
  'a/b/': {},
  'a/b/c': { body: 'c' },
  'a/b/d/': {},
  'a/b/d/e': { body: 'e' },
  s: { linkpath: 'a/b' },
  t: { body: 'top', mode: 0o4755 },
}

/** Does things to an image's files in two ways, and makes an image of each diff. */
async function bothWays(commands: string) {
  const home = join(folder, String(next++))
  mkdirSync(home)
  const at = (name: string) => join(home, name)
  const base = await imageWith(lower)
  for (const name of ['lower', 'copy']) await unpack(base, at(name))
  for (const name of ['upper', 'work', 'merged']) mkdirSync(at(name))
  await mountOverlay({ lower: [at('lower')], upper: at('upper'), work: at('work') }, at('merged'))
  try {
    // A command may fail: what it did until then is a change like any other.
    for (const name of ['merged', 'copy']) execFileSync('sh', ['-c', commands], { cwd: at(name), stdio: 'ignore' })
    const folders = new LowerFolders([at('lower')])
    const layers = {
      overlay: await collect(writeTar(overlayDiff(at('upper'), folders))),
      copy: await collect(writeTar(folderDiff(at('copy'), new TreeLower(await treeOf(base.layers))))),
    }
    folders.close()
    const seen: Record<string, unknown> = { want: look(at('merged')) }
    for (const [name, tar] of Object.entries(layers)) {
      const layered = await imageFrom({
        architecture: 'amd64',
        os: 'linux',
        layers: [{ tar: base.layers[0]!.uncompressed() }, { tar }],
      })
      await unpack(layered, at(`from-${name}`))
      seen[name] = look(at(`from-${name}`))
    }
    return { seen, layers }
  } finally {
    await unmount(at('merged'))
    rmSync(home, { recursive: true })
  }
}

/** Without the times of folders, which a layer of changes cannot all have, and how many names the kernel counts. */
function look(path: string) {
  const tree = Object.entries(readTree(path)).map(([name, it]) => [
    name,
    { ...it, links: undefined, ...(it.type === 'directory' && { mtime: undefined }) },
  ])
  return { tree: Object.fromEntries(tree), xattrs: readXattrs(path).replace(/^# file: \.\n.*/m, '') }
}

const names = async (tar: Uint8Array) =>
  execFileSync('tar', ['-t'], { input: tar, encoding: 'utf8' })
    .split('\n')
    .filter(name => name !== '')

describe('the layer of changes, laid over what was there, is what is there', () => {
  it.each([
    ['nothing', 'true', []],
    ['what came and went', 'touch a/x; rm a/x; mkdir y; rmdir y', []],
    ['a new file', 'echo 1 > a/b/new', ['a/', 'a/b/', 'a/b/new']],
    ['a changed file', 'echo 2 > t', ['t']],
    ['a mode', 'chmod 700 a/b', ['a/', 'a/b/']],
    ['an owner', 'chown 9:9 a/b/c', ['a/', 'a/b/', 'a/b/c']],
    ['a time', 'touch -d @99 t', ['t']],
    ['a file that is gone', 'rm a/b/c', ['a/', 'a/b/', 'a/b/.wh.c']],
    ['a folder that is gone', 'rm -r a/b', ['a/', 'a/.wh.b']],
    ['a folder made anew', 'rm -r a/b; mkdir a/b; echo n > a/b/n', ['a/', 'a/b/', 'a/b/.wh.c', 'a/b/.wh.d', 'a/b/n']],
    ['a folder for a file', 'rm t; mkdir t; echo i > t/i', ['t/', 't/i']],
    ['a file for a folder', 'rm -r a/b; echo b > a/b', ['a/', 'a/b']],
    ['a folder for a symlink', 'rm s; mkdir s', ['s/']],
    ['a name', 'mv a z', ['.wh.a', 'z/', 'z/b/', 'z/b/c', 'z/b/d/', 'z/b/d/e', 'z/f', 'z/g']],
    ['hardlinks', 'echo 1 > one; ln one two; ln one a/three', ['a/', 'a/three', 'one', 'two']],
    ['xattrs', 'setfattr -n user.k -v v a/b/c; setfattr -n user.d -v w a', ['a/', 'a/b/', 'a/b/c']],
    ['special files', 'mkfifo p; mknod n c 1 3; ln -s /x l', ['l', 'n', 'p']],
  ])('%s', async (_what, commands, want) => {
    const { seen, layers } = await bothWays(commands)
    expect(seen.overlay).toEqual(seen.want)
    expect((await names(layers.overlay)).sort()).toEqual([...want].sort())
    // A copy gets its own times and inodes: what it says is compared by itself.
    expect((await names(layers.copy)).sort()).toEqual([...want].sort())
  })

  const path = fc.constantFrom('a', 'a/f', 'a/g', 'a/b', 'a/b/c', 'a/b/d', 'a/b/d/e', 's', 't', 'n', 'n/m', 'a/n')
  const command = fc.oneof(
    path.map(it => `rm -rf ${it}`),
    path.map(it => `mkdir -p ${it}`),
    path.map(it => `[ -d ${it} ] || echo ${it} > ${it}`),
    fc.tuple(path, path).map(([from, to]) => `mv -T ${from} ${to}`),
    fc.tuple(path, path).map(([from, to]) => `ln -T ${from} ${to}`),
    fc.tuple(path, path).map(([from, to]) => `ln -sfT ${from} ${to}`),
    path.map(it => `chmod 711 ${it}`),
  )

  it('whatever is done', { timeout: 300_000 }, () =>
    fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 8 }), async commands => {
        const { seen } = await bothWays([...commands, 'true'].join('; '))
        expect(seen.overlay).toEqual(seen.want)
      }),
      { seed: Number(process.env.OCILAB_SEED ?? 1), numRuns: process.env.OCILAB_WHOLE === '1' ? 300 : 40 },
    ),
  )
})
