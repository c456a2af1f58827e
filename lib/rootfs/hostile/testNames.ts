import type { TarType } from '../../bytes/tar.ts'
import type { Member } from '../testLayers.ts'
import type { Case, Expected } from './testCase.ts'

// Names that mean to lead elsewhere, or that a careless reader takes for others. Every one is tried with every kind of
// member: docker refuses what climbs out, umoci clamps it to the root; we refuse.
const OUT = 'PATH_ESCAPES_ROOT'
const BAD = 'TAR_INVALID'

/** A name, and where it stands in the end; or the code. */
const NAMES: [name: string, path: string | undefined, code?: string][] = [
  ['../x', undefined, OUT],
  ['./../x', undefined, OUT],
  ['a/../../x', undefined, OUT],
  ['a/./b/../../../x', undefined, OUT],
  ['/../x', undefined, OUT],
  ['//../x', undefined, OUT],
  ['../victim/secret', undefined, OUT],
  ['../../secret', undefined, OUT],
  ['../rootfs/../victim/new', undefined, OUT],
  ['../../../../../../../../../../../../tmp/x', undefined, OUT],
  ['/etc/x', 'etc/x'],
  ['///etc///x', 'etc/x'],
  ['./x', 'x'],
  ['././x', 'x'],
  ['a//b', 'a/b'],
  ['a/./b', 'a/b'],
  ['a/../b', 'b'],
  ['a/b/../c', 'a/c'],
  ['...', '...'],
  ['.../..x', '.../..x'],
  ['..x', '..x'],
  ['x..', 'x..'],
  ['a\\..\\..\\x', 'a\\..\\..\\x'],
  ['C:\\x', 'C:\\x'],
  ['C:../x', 'C:../x'],
  ['\\\\?\\C:\\x', '\\\\?\\C:\\x'],
  ['%2e%2e%2fx', '%2e%2e%2fx'],
  ['~root', '~root'],
  ['$HOME', '$HOME'],
  ['-rf', '-rf'],
  ['*', '*'],
  [' ', ' '],
  ['a\nb', 'a\nb'],
  ['\x1b[2J', '\x1b[2J'],
  ['caf\xe9', 'caf\xe9'],
  ['caf\xc3\xa9', 'caf\xc3\xa9'],
  ['cafe\xcc\x81', 'cafe\xcc\x81'],
  ['\xff\xfe', '\xff\xfe'],
  ['\xc0\xae\xc0\xae/x', '\xc0\xae\xc0\xae/x'],
  ['__proto__', '__proto__'],
  ['constructor/prototype', 'constructor/prototype'],
  ['hasOwnProperty', 'hasOwnProperty'],
  ['n'.repeat(255), 'n'.repeat(255)],
  ['n'.repeat(256), undefined, BAD],
  [`${'d/'.repeat(100)}x`, `${'d/'.repeat(100)}x`],
  [`${'d/'.repeat(2500)}x`, undefined, BAD],
  ['d/'.repeat(50_000), undefined, BAD],
]

const KINDS: [type: TarType, member: Member, seen: string][] = [
  ['file', { body: 'F' }, 'F'],
  ['directory', {}, '/'],
  ['symlink', { linkpath: '/t' }, '→ /t'],
  ['hardlink', { linkpath: 't' }, 'T'],
  ['fifo', {}, '|'],
  ['character', { devmajor: 1, devminor: 3 }, 'c 1:3'],
]

export const nameCases: Case[] = NAMES.flatMap(([name, path, code]) =>
  KINDS.map(([type, member, seen]): Case => {
    const entry: [string, Member] = [name, { ...member, type }]
    return [`${type} ${short(name)}`, [[['t', { body: 'T' }], entry]], code ?? tree(path!, seen)]
  }),
)

function tree(path: string, seen: string): Expected {
  const parts = path.split('/')
  const folders = parts.slice(0, -1).map((_, at) => [parts.slice(0, at + 1).join('/'), '/'] as const)
  return Object.fromEntries([['t', 'T'], ...folders, [path, seen]])
}

function short(name: string): string {
  return JSON.stringify(name.length > 40 ? `${name.slice(0, 12)}…${name.length}` : name)
}
