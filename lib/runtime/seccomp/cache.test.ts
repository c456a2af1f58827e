import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { builtPath } from '../../kernel.ts'
import type { Seccomp } from '../../spec/linuxConfig.ts'
import { cachedSeccomp } from './cache.ts'
import { compileSeccomp } from './compile.ts'

const built = existsSync(builtPath('seccomp.node')) || process.getuid?.() === 0
const place = mkdtempSync(join(tmpdir(), 'ocilab-seccomp-cache-'))
afterAll(() => rmSync(place, { recursive: true, force: true }))

const folder = join(place, 'programs')
const only = () => join(folder, readdirSync(folder)[0]!)
const config = (errnoRet: number, more: object = {}): Seccomp => ({
  defaultAction: 'SCMP_ACT_ALLOW',
  syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_ERRNO', errnoRet }],
  ...more,
})
const wanted = built ? Buffer.from(compileSeccomp(config(7))) : Buffer.alloc(0)
const mode = (path: string) => statSync(path).mode & 0o777

/** Makes what is kept say something else, with everything else as it should be. */
function poison(): void {
  const [ours, theirs] = [cachedSeccomp(config(9), join(place, 'other')), join(place, 'other')]
  const other = readFileSync(join(theirs, readdirSync(theirs)[0]!))
  const file = readFileSync(only())
  other.copy(file, 0, 0, 8 + ours.length)
  writeFileSync(only(), file)
}

beforeEach(() => {
  rmSync(folder, { recursive: true, force: true })
  rmSync(join(place, 'other'), { recursive: true, force: true })
})

describe.skipIf(!built)('the cache', () => {
  it('gives what was compiled, and keeps it for us alone', () => {
    expect(Buffer.from(cachedSeccomp(config(7), folder))).toEqual(wanted)
    expect(readdirSync(folder)).toHaveLength(1)
    expect([mode(folder), mode(only())]).toEqual([0o700, 0o600])
    expect(Buffer.from(cachedSeccomp(config(7), folder))).toEqual(wanted)
    expect(readdirSync(folder)).toHaveLength(1)
  })

  it('is used: what is kept is what comes', () => {
    cachedSeccomp(config(7), folder)
    poison()
    expect(Buffer.from(cachedSeccomp(config(7), folder))).toEqual(Buffer.from(compileSeccomp(config(9))))
  })

  it('tells configs apart', () => {
    for (const seccomp of [config(7), config(8), config(7, { architectures: ['SCMP_ARCH_X86'] })])
      expect(Buffer.from(cachedSeccomp(seccomp, folder))).toEqual(Buffer.from(compileSeccomp(seccomp)))
    expect(readdirSync(folder)).toHaveLength(3)
  })

  it('takes numbers of 64 bits', () => {
    const args = [{ index: 0, op: 'SCMP_CMP_EQ', value: (1n << 64n) - 1n }]
    const seccomp = config(7, { syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_KILL', args }] })
    for (const _ of [1, 2])
      expect(Buffer.from(cachedSeccomp(seccomp, folder))).toEqual(Buffer.from(compileSeccomp(seccomp)))
  })

  it('keeps nothing of a config that is wrong', () => {
    expect(() => cachedSeccomp(config(7, { defaultAction: 'x' }), folder)).toThrow('linux.seccomp.defaultAction')
    expect(readdirSync(folder)).toEqual([])
  })

  it.each<[string, (path: string) => void]>([
    ['others may read', path => chmodSync(path, 0o644)],
    ['others may write', path => chmodSync(path, 0o602)],
    ['is setuid of sorts', path => chmodSync(path, 0o700)],
    [
      'is a link',
      path => {
        renameSync(path, join(place, 'elsewhere'))
        symlinkSync(join(place, 'elsewhere'), path)
      },
    ],
  ])('does not believe a file that %s, and writes it anew', (_, change) => {
    cachedSeccomp(config(7), folder)
    poison()
    change(only())
    for (const _ of [1, 2]) expect(Buffer.from(cachedSeccomp(config(7), folder))).toEqual(wanted)
    expect(statSync(only()).isFile()).toBe(true)
    expect(mode(only())).toBe(0o600)
  })

  it('does not believe a file that is cut off or changed anywhere', () => {
    cachedSeccomp(config(7), folder)
    const [path, file] = [only(), readFileSync(only())]
    for (let at = 0; at < file.length; at++) {
      const changed = Buffer.from(file)
      changed[at]! ^= 1 << (at % 8)
      for (const bad of [
        changed,
        file.subarray(0, at),
        Buffer.concat([file.subarray(0, at), Buffer.alloc(file.length - at)]),
      ]) {
        if (bad.equals(file)) continue
        writeFileSync(path, bad, { mode: 0o600 })
        expect(Buffer.from(cachedSeccomp(config(7), folder)), `byte ${at}`).toEqual(wanted)
        expect(readFileSync(path), `byte ${at}`).toEqual(file)
      }
    }
  })

  it.each<[string, () => void]>([
    [
      'others may enter',
      () => {
        mkdirSync(folder)
        chmodSync(folder, 0o755)
      },
    ],
    ['is a file', () => writeFileSync(folder, 'mine')],
    [
      'is a link',
      () => {
        mkdirSync(join(place, 'other'), 0o700)
        symlinkSync(join(place, 'other'), folder)
      },
    ],
  ])('is not used when its folder %s', (_, make) => {
    make()
    expect(Buffer.from(cachedSeccomp(config(7), folder))).toEqual(wanted)
    if (statSync(folder).isDirectory()) expect(readdirSync(folder)).toEqual([])
    else expect(readFileSync(folder, 'utf8')).toBe('mine')
  })

  it('is no error where it cannot be', () =>
    expect(Buffer.from(cachedSeccomp(config(7), '/proc/no/such/folder'))).toEqual(wanted))

  it('is no error where a folder stands in the way of a file', () => {
    cachedSeccomp(config(7), folder)
    const path = only()
    rmSync(path)
    mkdirSync(path)
    expect(Buffer.from(cachedSeccomp(config(7), folder))).toEqual(wanted)
    expect(readdirSync(folder)).toHaveLength(1)
  })

  it('does not grow for ever, and takes along what was left half-written', () => {
    for (let i = 0; i < 70; i++) {
      cachedSeccomp(config(i), folder)
      writeFileSync(join(folder, `${i}.1`), 'half')
    }
    expect(readdirSync(folder).length).toBeLessThanOrEqual(66)
  })
})
