import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { copy } from '../transport/copy.ts'
import { heldImage } from '../transport/held.ts'
import { imageWith } from './testLayers.ts'
import { readTree, readXattrs, type Seen } from './testTree.ts'
import { unpack } from './unpack.ts'

const folder = mkdtempSync(join(tmpdir(), 'ocilab-unpack-peer-'))
const [layout, ours, umoci, tool] = ['layout', 'ours', 'umoci', 'tool'].map(name => join(folder, name)) as [
  string,
  string,
  string,
  string,
]
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const at = (seconds: number, nanoseconds = 0) => ({ seconds, nanoseconds })

beforeAll(async () => {
  const image = await imageWith(
    {
      './': { mode: 0o755, mtime: at(1000) },
      'bin/': { mtime: at(1001) },
      'bin/tool': {
        body: 'tool',
        mode: 0o4755,
        mtime: at(1002, 123456789),
        xattrs: new Map([['user.note', Buffer.from([0, 1, 255])]]),
      },
      'bin/same': { type: 'hardlink', linkpath: 'bin/tool' },
      'dev/': { mtime: at(1003) },
      'dev/null': { type: 'character', devmajor: 1, devminor: 3, mode: 0o666, mtime: at(1004) },
      'etc/': { mode: 0o711, uid: 1, gid: 2, mtime: at(1005) },
      'etc/motd': { body: 'hello\n', uid: 1000, gid: 1000, mtime: at(1006) },
      'etc/gone': { body: 'x', mtime: at(1007) },
      'lib/': { mtime: at(1008) },
      'lib/old/': { mtime: at(1009) },
      'lib/old/a': { mtime: at(1010) },
      lib64: { linkpath: 'lib', mtime: at(1011) },
      'tmp/': { mode: 0o1777, mtime: at(1012) },
      'var/': { mtime: at(1013) },
      'var/pipe': { type: 'fifo', mtime: at(1014) },
    },
    {
      'etc/': { mode: 0o711, uid: 1, gid: 2, mtime: at(2000) },
      'etc/.wh.gone': {},
      'etc/motd': { body: 'changed\n', mode: 0o600, mtime: at(2001) },
      'lib/': { mtime: at(2002) },
      'lib/old/': { mtime: at(2003) },
      'lib/old/.wh..wh..opq': {},
      'lib/old/b': { body: 'b', mtime: at(2004) },
    },
  )
  await copy(heldImage(image, 'rich'), `oci:${layout}:v0`)
  await unpack(image, ours)
})

// umoci keeps whole seconds of what a tar says in nanoseconds only where the header is USTAR; ours are PAX, so both are exact.
describe('umoci unpack', () => {
  beforeAll(() => execFileSync('umoci', ['unpack', '--image', `${layout}:v0`, umoci], { stdio: 'pipe' }))
  const theirs = () => readTree(join(umoci, 'rootfs'))

  it('leaves the same tree, entry by entry', () => expect(readTree(ours)).toEqual(theirs()))
  it('leaves the same extended attributes', () => expect(readXattrs(ours)).toEqual(readXattrs(join(umoci, 'rootfs'))))
})

describe('oci-image-tool unpack', () => {
  beforeAll(() => execFileSync('oci-image-tool', ['unpack', '--ref', 'name=v0', layout, tool], { stdio: 'pipe' }))

  // It keeps neither owners nor times nor xattrs, takes the umask off modes, makes no devices and pipes, and does not
  // know opaque folders.
  const kept = (tree: Record<string, Seen>) =>
    Object.entries(tree)
      .filter(([name, { type }]) => name !== '.' && name !== 'lib/old/a' && type !== 'character' && type !== 'fifo')
      .map(([name, { type, links, target, sha256 }]) => ({ name, type, links, target, sha256 }))

  it('leaves the same tree, as far as it goes', () => expect(kept(readTree(ours))).toEqual(kept(readTree(tool))))
})
