import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bytesOf, collect } from './collect.ts'
import { readTar } from './readTar.ts'
import type { TarHeader, TarInput } from './tar.ts'
import { writeTar } from './writeTar.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ocilab-tar-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function headers(tar: Uint8Array): Promise<TarHeader[]> {
  const list: TarHeader[] = []
  for await (const { body: _unread, ...header } of readTar(bytesOf(tar), 'tar')) list.push(header)
  return list
}

const LONG = `${'long-'.repeat(30)}/${'name-'.repeat(40)}`

describe('GNU tar', () => {
  it.each(['pax', 'gnu', 'ustar', 'v7'])('writes %s that we read as it is', async format => {
    const tree = join(folder, format)
    mkdirSync(tree)
    const name = format === 'pax' || format === 'gnu' ? LONG : 'short/name'
    mkdirSync(join(tree, name, '..'), { recursive: true })
    writeFileSync(join(tree, name), 'content', { mode: 0o640 })
    utimesSync(join(tree, name), 0, 1_600_000_000.25)
    symlinkSync(name.slice(0, 90), join(tree, 'symlink'))
    const tar = execFileSync('tar', [`--format=${format}`, '--numeric-owner', '-C', tree, '-c', 'symlink', name])
    const [symlink, file] = await headers(tar)
    expect([String(symlink!.path), String(symlink!.linkpath)]).toEqual(['symlink', name.slice(0, 90)])
    expect([String(file!.path), file!.mode, file!.size]).toEqual([name, 0o640, 7])
    expect(file!.mtime).toEqual({ seconds: 1_600_000_000, nanoseconds: format === 'pax' ? 250_000_000 : 0 })
  })

  it('lists what we write', async () => {
    const inputs: TarInput[] = [
      { path: Buffer.from('folder'), type: 'directory', mode: 0o1777 },
      {
        path: Buffer.from(LONG),
        type: 'file',
        body: Buffer.from('content'),
        mode: 0o4755,
        uid: 3_000_000_000,
        mtime: { seconds: -2, nanoseconds: 0 },
      },
      { path: Buffer.from('b'), type: 'hardlink', linkpath: Buffer.from(LONG), mtime: { seconds: 1, nanoseconds: 5 } },
      { path: Buffer.from('null'), type: 'character', devmajor: 1, devminor: 3 },
      { path: Buffer.from([0x66, 0xff]), type: 'symlink', linkpath: Buffer.from('/x') },
    ]
    const list = execFileSync('tar', ['--full-time', '--utc', '--numeric-owner', '--quoting-style=c', '-tvf', '-'], {
      input: await collect(writeTar(inputs)),
      encoding: 'utf8',
    })
    expect(
      list
        .trimEnd()
        .split('\n')
        .map(line => line.replaceAll(/ +/g, ' ')),
    ).toEqual([
      'drwxrwxrwt 0/0 0 1970-01-01 00:00:00 "folder/"',
      `-rwsr-xr-x 3000000000/0 7 1969-12-31 23:59:58 "${LONG}"`,
      `hrw-r--r-- 0/0 0 1970-01-01 00:00:01.000000005 "b" link to "${LONG}"`,
      'crw-r--r-- 0/0 1,3 1970-01-01 00:00:00 "null"',
      'lrwxrwxrwx 0/0 0 1970-01-01 00:00:00 "f\\377" -> "/x"',
    ])
  })
})

it('reads the xattrs that GNU tar writes, and GNU tar reads ours', async () => {
  const path = join(folder, 'xattrs')
  const value = Buffer.from([0xff, 0x00, 0x0a, 0x3d])
  const input: TarInput = { path: Buffer.from('f'), type: 'file', xattrs: new Map([['user.ocilab', value]]) }
  mkdirSync(path)
  execFileSync('tar', ['--xattrs', '--xattrs-include=*', '-C', path, '-xf', '-'], {
    input: await collect(writeTar([input])),
  })
  const [header] = await headers(execFileSync('tar', ['--xattrs', '--xattrs-include=*', '-C', path, '-c', 'f']))
  expect(header!.xattrs.get('user.ocilab')).toEqual(value)
})

it('means the same as GNU tar by parts of seconds before 1970', async () => {
  // Seen in what it unpacks: its list shows such times a second too late.
  const input: TarInput = { path: Buffer.from('old'), type: 'file', mtime: { seconds: -2, nanoseconds: 250_000_000 } }
  execFileSync('tar', ['-C', folder, '-xf', '-'], { input: await collect(writeTar([input])), stdio: 'pipe' })
  expect(String(execFileSync('stat', ['-c', '%.9Y', join(folder, 'old')]))).toBe('-1.750000000\n')
})
