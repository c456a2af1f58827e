import { execFileSync } from 'node:child_process'
import { chownSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import type { Seccomp } from '../../spec/linuxConfig.ts'
import { cachedSeccomp } from './cache.ts'
import { compileSeccomp } from './compile.ts'

const place = mkdtempSync(join(tmpdir(), 'ocilab-seccomp-root-'))
afterAll(() => rmSync(place, { recursive: true, force: true }))

const seccomp: Seccomp = { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_KILL' }] }
const wanted = Buffer.from(compileSeccomp(seccomp))
const NOBODY = 65534

it('believes no file of another user, and writes it anew', () => {
  const folder = join(place, 'file')
  cachedSeccomp(seccomp, folder)
  const path = join(folder, readdirSync(folder)[0]!)
  const { ino } = statSync(path)
  chownSync(path, NOBODY, NOBODY)
  expect(Buffer.from(cachedSeccomp(seccomp, folder))).toEqual(wanted)
  expect(statSync(path).uid).toBe(0)
  expect(statSync(path).ino).not.toBe(ino)
})

it('does not use a folder of another user', () => {
  const folder = join(place, 'folder')
  cachedSeccomp(seccomp, folder)
  chownSync(folder, NOBODY, NOBODY)
  const path = join(folder, readdirSync(folder)[0]!)
  writeFileSync(path, 'theirs')
  expect(Buffer.from(cachedSeccomp(seccomp, folder))).toEqual(wanted)
  expect(readFileSync(path, 'utf8')).toBe('theirs')
})

it('is not kept waiting by a fifo', () => {
  const folder = join(place, 'fifo')
  cachedSeccomp(seccomp, folder)
  const path = join(folder, readdirSync(folder)[0]!)
  rmSync(path)
  execFileSync('mkfifo', ['-m', '600', path])
  expect(Buffer.from(cachedSeccomp(seccomp, folder))).toEqual(wanted)
  expect(statSync(path).isFile()).toBe(true)
})

it('is no error on a full disk, and leaves nothing half-written', () => {
  const folder = join(place, 'full')
  execFileSync('mkdir', ['-m', '700', folder])
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4k,mode=700', 'none', folder])
  try {
    writeFileSync(join(folder, 'all'), Buffer.alloc(4096))
    expect(Buffer.from(cachedSeccomp(seccomp, folder))).toEqual(wanted)
    expect(readdirSync(folder)).toEqual(['all'])
  } finally {
    execFileSync('umount', [folder])
  }
})
