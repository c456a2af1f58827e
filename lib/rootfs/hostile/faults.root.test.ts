import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { digestOf } from '../../spec/digest.ts'
import { copy } from '../../transport/copy.ts'
import { testFolder, testSource } from '../../transport/testImages.ts'

// A disk that says no, at the n-th call: whatever it was, one line says so, nothing half-written has its name, and the
// next run succeeds. In CI some n of each; with OCILAB_SWEEP=1 every one.
const SWEEP = process.env.OCILAB_SWEEP === '1'
const CLI = fileURLToPath(new URL('../../../dist/cli/ocilab.js', import.meta.url))
const folder = testFolder()
const source = `oci:${join(folder, 'source')}:v0`
beforeAll(async () => void (await copy(await testSource(), source)))

const VERBS: [name: string, args: (target: string) => string[]][] = [
  ['unpack', target => ['unpack', source, target, '-q']],
  ['copy', target => ['copy', source, `oci:${target}:v0`, '-q']],
  ['save', target => ['save', source, '-o', target, '-q']],
  ['export', target => ['export', source, '-o', target, '-q']],
  ['dir', target => ['copy', source, `dir:${target}`, '-q']],
]

const CALLS: [call: string, errors: string[]][] = [
  ['openat', ['ENOSPC', 'EMFILE', 'EIO', 'EROFS']],
  ['write', ['ENOSPC', 'EIO']],
  ['pwrite64', ['ENOSPC', 'EIO']],
  ['fsync', ['EIO']],
  ['rename', ['ENOSPC', 'EIO']],
  ['mkdir', ['ENOSPC', 'EROFS']],
  ['fchown', ['EIO']],
  ['utimensat', ['EIO']],
]

const COUNT = 2000

/** The verb in a folder of its own, with the n-th such call below that folder going wrong. */
function faulted(home: string, args: string[], call: string, error: string, at: number) {
  // Only what touches our own folder: what Node reads of itself is not what is tried.
  const strace = [
    '-f',
    '-qq',
    '-o',
    `${home}.trace`,
    '-P',
    home,
    '-e',
    `trace=${call}`,
    '-e',
    `inject=${call}:error=${error}:when=${at}`,
  ]
  const result = spawnSync('strace', [...strace, process.execPath, CLI, ...args], { encoding: 'utf8', timeout: 60_000 })
  return { ...result, hit: readFileSync(`${home}.trace`, 'utf8').includes('(INJECTED)') }
}

describe.each(VERBS)('%s', (verb, argsFor) => {
  it.each(['full of bytes', 'full of inodes', 'read-only'])('on a disk that is %s', how => {
    const home = join(folder, `${verb}-${how.replaceAll(' ', '-')}`)
    mkdirSync(home)
    const options = how === 'full of bytes' ? 'size=4k' : how === 'full of inodes' ? 'nr_inodes=1' : 'ro'
    const mount = (...args: string[]) => expect(spawnSync('mount', args).status).toBe(0)
    mount('-t', 'tmpfs', '-o', options, 'tmpfs', home)
    try {
      const run = () => spawnSync(process.execPath, [CLI, ...argsFor(join(home, 'target'))], { encoding: 'utf8' })
      const { status, stderr } = run()
      expect(status).toBe(1)
      expect(stderr).toMatch(/^ocilab: .*(ENOSPC|EROFS|no space|read-only)[^\n]*\n$/)
      // Blobs that came whole may stay for the next try.
      const left = readdirSync(home, { recursive: true, encoding: 'utf8' })
      expect(left.filter(name => !/^target(\/blobs(\/sha256(\/[0-9a-f]{64})?)?)?$/.test(name))).toEqual([])
      expectSound(join(home, 'target'), how)
      mount('-o', 'remount,rw,size=8m,nr_inodes=1000', home)
      expect(run()).toMatchObject({ status: 0 })
    } finally {
      spawnSync('umount', [home])
    }
  })

  it('with few descriptors and small files says so', () => {
    const target = join(folder, `${verb}-limits`)
    const { status, stderr } = spawnSync(
      'sh',
      ['-c', 'trap "" XFSZ; ulimit -f 1; exec "$@"', 'sh', process.execPath, CLI, ...argsFor(target)],
      { encoding: 'utf8' },
    )
    if (status !== 0) expect(stderr).toMatch(/^ocilab: .*(EFBIG|too large)[^\n]*\n$/)
    else expect(['unpack', 'copy', 'dir']).toContain(verb)
  })

  it.each(CALLS)('%s that fails', { timeout: SWEEP ? 3_000_000 : 60_000 }, (call, errors) => {
    const home = join(folder, `${verb}-${call}`)
    let tried = 0
    for (const error of SWEEP ? errors : errors.slice(0, 1))
      for (let at = 1; at < (SWEEP ? COUNT : 2); at++) {
        rmSync(home, { recursive: true, force: true })
        mkdirSync(home)
        const target = join(home, 'target')
        const { status, stderr, hit } = faulted(home, argsFor(target), call, error, at)
        if (!hit) break
        tried++
        const where = `${verb}: ${call} ${at} ${error}: ${stderr}`
        // What fails when all is done, as a last fsync of a folder, may leave a whole result.
        if (status === 0) expectSound(target, where)
        else {
          expect(status, where).toBe(1)
          expect(stderr, where).toMatch(/^ocilab: [^\n]+\n$/)
          expect(stderr, where).not.toContain('unexpected')
          if (existsSync(target)) expectSound(target, where)
        }
        if (verb === 'unpack' || verb === 'save') rmSync(target, { recursive: true, force: true })
        const again = spawnSync(process.execPath, [CLI, ...argsFor(target)], { encoding: 'utf8' })
        expect(again.stderr, where).toBe('')
        expect(readdirSync(home), where).toEqual(['target'])
      }
    if (SWEEP) console.log(`${verb}: ${call}: ${tried} faults`)
  })
})

/** What has a digest for a name is what it says. */
function expectSound(target: string, where: string): void {
  if (!existsSync(target) || !statSync(target).isDirectory()) return
  for (const name of readdirSync(target, { recursive: true, encoding: 'utf8' }))
    if (/(^|\/)[0-9a-f]{64}$/.test(name))
      expect(digestOf(readFileSync(join(target, name))), where).toBe(`sha256:${basename(name)}`)
}
