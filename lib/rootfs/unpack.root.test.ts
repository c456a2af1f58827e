import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { imageWith, type Member } from './testLayers.ts'
import { readTree } from './testTree.ts'
import { unpack } from './unpack.ts'

const home = mkdtempSync(join(tmpdir(), 'ocilab-unpack-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

let folder: string
let target: string
let victim: string
beforeEach(() => {
  // A victim beside the target and one above it: whatever a layer says, they stay as they are.
  folder = mkdtempSync(join(home, 'case-'))
  target = join(folder, 'rootfs')
  victim = join(folder, 'victim')
  mkdirSync(victim)
  writeFileSync(join(victim, 'secret'), 'untouched')
})

const names = (path = target) => Object.keys(readTree(path)).filter(name => name !== '.')

async function unpacked(...layers: Record<string, Member>[]) {
  await unpack(await imageWith(...layers), target)
  return readTree(target)
}

describe('what a layer says is what is there', () => {
  it('owners, modes, times, devices, links', async () => {
    const tree = await unpacked({
      'etc/': { mode: 0o711, uid: 3, gid: 4, mtime: { seconds: 100, nanoseconds: 5 } },
      'etc/passwd': { body: 'root', mode: 0o4755, uid: 2 ** 31, gid: 70000, mtime: { seconds: -2, nanoseconds: 500 } },
      'etc/again': { type: 'hardlink', linkpath: 'etc/passwd' },
      'etc/link': { linkpath: '/etc/passwd', uid: 9, mtime: { seconds: 7, nanoseconds: 1 } },
      'dev/null': { type: 'character', devmajor: 1, devminor: 3, mode: 0o666 },
      'run/pipe': { type: 'fifo', mode: 0o600 },
    })
    expect(tree.etc).toMatchObject({ mode: '711', owner: '3:4', mtime: '100000000005' })
    expect(tree['etc/passwd']).toMatchObject({
      mode: '4755',
      owner: `${2 ** 31}:70000`,
      mtime: '-1999999500',
      links: 2,
    })
    expect(tree['etc/again']).toEqual(tree['etc/passwd'])
    expect(tree['etc/link']).toMatchObject({
      type: 'symlink',
      target: '/etc/passwd',
      owner: '9:0',
      mtime: '7000000001',
    })
    expect(tree['dev/null']).toMatchObject({ type: 'character', device: '259', mode: '666' })
    expect(tree['run/pipe']).toMatchObject({ type: 'fifo', mode: '600' })
  })

  it('names are bytes', async () => {
    await unpacked({
      'caf\xe9': { body: 'latin1' },
      'caf\xc3\xa9': { body: 'utf8' },
      'a\\b': {},
      ['__proto__']: { body: 'plain' },
    })
    expect(names().sort()).toEqual(['__proto__', 'a\\b', 'caf\xc3\xa9', 'caf\xe9'])
  })

  it('extended attributes', async () => {
    await unpacked({
      file: {
        xattrs: new Map([
          ['user.bytes', Buffer.from([0, 255, 10])],
          ['trusted.t', Buffer.from('x')],
        ]),
      },
    })
    expect(
      execFileSync('getfattr', ['-d', '-m', '-', '-e', 'hex', 'file'], { cwd: target, encoding: 'utf8' }),
    ).toContain('user.bytes=0x00ff0a')
  })

  it('a folder keeps its time though files came later', async () => {
    const tree = await unpacked({ 'd/': { mtime: { seconds: 50, nanoseconds: 0 } } }, { 'd/late': {} })
    expect(tree.d).toMatchObject({ mtime: '50000000000' })
  })
})

it('a link that leads to itself is named when something is to stand below it', async () => {
  const image = await imageWith({ loop: { linkpath: 'loop' }, 'loop/x': {} })
  await expect(unpack(image, target)).rejects.toThrow(/^layer [0-9a-f]{12}: loop: below what is no folder/)
})

describe('layers over each other', () => {
  it.each<[string, Record<string, Member>[], string[]]>([
    ['a whiteout hides a file', [{ a: {}, b: {} }, { '.wh.a': {} }], ['b']],
    ['a whiteout hides a folder with all in it', [{ 'd/': {}, 'd/x': {}, 'd/e/y': {} }, { '.wh.d': {} }], []],
    ['a whiteout hides nothing of its own layer', [{ a: { body: 'old' } }, { '.wh.a': {}, a: { body: 'new' } }], ['a']],
    ['wherever in the layer it stands', [{ a: { body: 'old' } }, { a: { body: 'new' }, '.wh.a': {} }], ['a']],
    ['a whiteout of what is not there', [{ a: {} }, { '.wh.b': {}, 'x/.wh.y': {} }], ['a']],
    [
      'an opaque folder hides what lower layers have in it',
      [
        { 'd/': {}, 'd/old': {} },
        { 'd/': {}, 'd/.wh..wh..opq': {}, 'd/new': {} },
      ],
      ['d', 'd/new'],
    ],
    ['opaque last', [{ 'd/old': {} }, { 'd/new': {}, 'd/.wh..wh..opq': {} }], ['d', 'd/new']],
    [
      'opaque at the root',
      [
        { a: {}, 'd/b': {} },
        { c: {}, '.wh..wh..opq': {} },
      ],
      ['c'],
    ],
    ['a file replaces a folder', [{ 'd/': {}, 'd/x': {} }, { d: {} }], ['d']],
    ['a folder replaces a file', [{ d: {} }, { 'd/': {}, 'd/x': {} }], ['d', 'd/x']],
    ['a folder over a folder keeps what is in it', [{ 'd/': {}, 'd/x': {} }, { 'd/': { mode: 0o700 } }], ['d', 'd/x']],
    ['a symlink replaces a folder', [{ 'd/x': {} }, { d: { linkpath: 'e' } }], ['d']],
  ])('%s', async (_name, layers, expected) => {
    await unpacked(...layers)
    expect(names()).toEqual(expected)
  })

  it('a file over a symlink replaces the link, not what it points to', async () => {
    await unpacked({ a: { body: 'kept' }, l: { linkpath: 'a' } }, { l: { body: 'new' } })
    expect([readFileSync(join(target, 'a'), 'utf8'), readFileSync(join(target, 'l'), 'utf8')]).toEqual(['kept', 'new'])
  })
})

describe('nothing leaves the root', () => {
  it.each<[string, Record<string, Member>[], string]>([
    ['dots in a name', [{ '../victim/secret': { body: 'evil' } }], 'PATH_ESCAPES_ROOT'],
    ['dots deeper', [{ 'a/../../victim/secret': { body: 'evil' } }], 'PATH_ESCAPES_ROOT'],
    ['a hardlink out', [{ h: { type: 'hardlink', linkpath: '../victim/secret' } }], 'PATH_ESCAPES_ROOT'],
    ['a hardlink to a name of the host', [{ h: { type: 'hardlink', linkpath: '/etc/hostname' } }], 'TAR_INVALID'],
    ['a hardlink to a folder', [{ 'd/': {}, h: { type: 'hardlink', linkpath: 'd' } }], 'TAR_INVALID'],
    ['a whiteout of nothing', [{ '.wh.': {} }], 'TAR_INVALID'],
    ['a whiteout of the folder itself', [{ 'd/': {} }, { 'd/.wh..': {} }], 'TAR_INVALID'],
    ['a whiteout of the folder above', [{ 'd/': {} }, { 'd/.wh...': {} }], 'TAR_INVALID'],
    ['a file below a file', [{ f: {}, 'f/x': {} }], 'TAR_INVALID'],
  ])('%s is refused', async (_name, layers, code) => {
    await expect(unpacked(...layers)).rejects.toMatchObject({ code })
    expect(existsSync(target)).toBe(false)
    expect(readdirSync(folder)).toEqual(['victim'])
  })

  it.each<[string, string]>([
    ['an absolute symlink', '/VICTIM'],
    ['a relative symlink', '../../victim'],
    ['a link far up', '../../../../../../../../VICTIM'],
  ])('%s is followed inside the root only', async (_name, link) => {
    const linkpath = link.replace('/VICTIM', victim)
    const image = await imageWith({ 'a/l': { linkpath } }, { 'a/l/secret': { body: 'evil' } }, { 'a/l/.wh.secret': {} })
    await unpack(image, target).catch(error => expect(error).toMatchObject({ code: expect.any(String) }))
    expect(readFileSync(join(victim, 'secret'), 'utf8')).toBe('untouched')
    expect(readdirSync(victim)).toEqual(['secret'])
  })

  it('takes an absolute name as one below the root', async () => {
    await unpacked({ '/etc/x': { body: 'inside' } })
    expect(names()).toEqual(['etc', 'etc/x'])
  })
})

describe('the target', () => {
  it('must be empty or absent, and stays as it was', async () => {
    await expect(unpack(await imageWith({ a: {} }), victim)).rejects.toMatchObject({ code: 'TARGET_EXISTS' })
    expect(readdirSync(victim)).toEqual(['secret'])
  })

  it('that is empty is filled, and emptied again when it goes wrong', async () => {
    mkdirSync(target)
    await expect(unpack(await imageWith({ a: {} }, { '.wh.': {} }), target)).rejects.toMatchObject({
      code: 'TAR_INVALID',
    })
    expect(readdirSync(target)).toEqual([])
    await unpack(await imageWith({ a: {} }), target)
    expect(names()).toEqual(['a'])
  })

  it('is not there after an interrupt', async () => {
    const controller = new AbortController()
    const image = await imageWith({ a: {}, b: {} })
    const onEvent = () => controller.abort(new Error('stop'))
    await expect(unpack(image, target, { signal: controller.signal, onEvent })).rejects.toThrow('stop')
    expect(readdirSync(folder)).toEqual(['victim'])
  })
})

it('names the layer and the entry', async () => {
  await expect(unpacked({ 'x/.wh.': {} })).rejects.toThrow(/^layer [0-9a-f]{12}: x\/\.wh\.: /)
})
