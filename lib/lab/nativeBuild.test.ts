import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { staleBuild } from './nativeBuild.ts'

let native: string
beforeEach(() => {
  native = mkdtempSync(join(tmpdir(), 'ocilab-native-'))
  for (const folder of ['build', 'init', 'pause', 'seccomp', 'gunzip', 'gzip']) mkdirSync(join(native, folder))
})
afterEach(() => rmSync(native, { recursive: true }))

function write(path: string, text: string, seconds: number): void {
  writeFileSync(join(native, path), text)
  utimesSync(join(native, path), seconds, seconds)
}

it('what was built of these sources is fine', () => {
  write('files.cc', 'exports.Set("Root", …InstanceMethod("make", …', 1)
  write('build/ocilab.node', 'Root\0make\0', 2)
  expect(staleBuild(native)).toBeUndefined()
})

it('what was never built is not stale', () => {
  write('files.cc', 'exports.Set("Root"', 1)
  expect(staleBuild(native)).toBeUndefined()
})

it.each([
  ['files.hh', 'build/ocilab.node'],
  ['init/init.c', 'build/ocirun-init'],
  ['pause/pause.c', 'build/ocilab-pause'],
  ['seccomp/seccomp.cc', 'build/seccomp.node'],
  ['gunzip/gunzip.cc', 'build/gunzip.node'],
  ['gzip/gzip.cc', 'build/gzip.node'],
])('a %s that is newer than %s is named', (source, built) => {
  write(built, '', 1)
  write(source, '', 2)
  expect(staleBuild(native)).toEqual({ en: `${built} is older than ${source}`, zh: `${built} 比 ${source} 旧` })
})

it('what came from another checkout lacks what the sources export', () => {
  write('files.cc', 'exports.Set("Root", …InstanceMethod("make", …', 1)
  write('build/ocilab.node', 'Root\0', 2)
  expect(staleBuild(native)?.en).toBe('build/ocilab.node is of another version: it has no make')
})
