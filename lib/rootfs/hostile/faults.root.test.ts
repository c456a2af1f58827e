import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import type { constants } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { type DiskFault, type TestDisk, testDisk } from '../../bytes/testDisk.ts'
import { digestOf } from '../../spec/digest.ts'
import { copy } from '../../transport/copy.ts'
import { heldImage } from '../../transport/held.ts'
import { testFolder } from '../../transport/testImages.ts'
import { imageWith } from '../testLayers.ts'

// A disk that says no, at the n-th call: whatever it was, one line says so, nothing half-written has its name, and the
// next run succeeds. In CI one n of each, every day another one; with OCILAB_SWEEP=1 every one.
const SWEEP = process.env.OCILAB_SWEEP === '1'
const DAY = new Date().getDate()
const met: string[] = []
const CLI = fileURLToPath(new URL('../../../dist/cli/ocilab.js', import.meta.url))
const folder = testFolder()
const source = `oci:${join(folder, 'source')}:v0`
beforeAll(async () => {
  const image = await imageWith(
    { 'a/': {}, 'a/b': { body: 'B'.repeat(100_000) }, l: { linkpath: 'a' }, h: { type: 'hardlink', linkpath: 'a/b' } },
    { 'a/c': { body: 'C' }, p: { type: 'fifo' }, 'l/.wh.b': {} },
  )
  await copy(heldImage(image, 'memory'), source)
})

const VERBS: [name: string, args: (target: string) => string[]][] = [
  ['unpack', target => ['unpack', source, target, '-q']],
  ['copy', target => ['copy', source, `oci:${target}:v0`, '-q']],
  ['save', target => ['save', source, '-o', target, '-q']],
  ['export', target => ['export', source, '-o', target, '-q']],
  ['dir', target => ['copy', source, `dir:${target}`, '-q']],
]

/** Each call that changes something or opens it, and how the kernel may refuse it. */
const CALLS: [call: string, errors: (keyof typeof constants.errno)[]][] = [
  ['open', ['ENOSPC', 'EMFILE', 'EIO', 'EROFS']],
  ['write', ['ENOSPC', 'EIO', 'EDQUOT']],
  ['sync', ['EIO', 'ENOSPC']],
  ['rename', ['ENOSPC', 'EIO']],
  ['link', ['ENOSPC', 'EIO', 'EPERM']],
  ['symlink', ['ENOSPC', 'EIO']],
  ['mkdir', ['ENOSPC', 'EROFS', 'EMLINK']],
  ['chown', ['EIO', 'EPERM']],
  ['chmod', ['EIO']],
  ['utimens', ['EIO']],
]

let disk: TestDisk
beforeAll(() => {
  disk = testDisk(folder)
})

/** The verb as its user has it. One that does not end is ended, or nobody would hear of it. */
function run(args: string[], env = process.env) {
  return spawnSync(process.execPath, [CLI, ...args], { encoding: 'utf8', timeout: 60_000, env })
}

/** The verb, with the n-th such call below a folder going wrong, or none; and all those calls. */
function faulted(home: string, args: string[], fault?: DiskFault) {
  const result = run(args, disk.env(home, fault))
  const calls = disk.calls()
  return { ...result, calls, hit: calls.some(call => call.endsWith('(INJECTED)')) }
}

describe.each(VERBS)('%s', (verb, argsFor) => {
  it.each(['full of bytes', 'full of inodes', 'read-only'])('on a disk that is %s', how => {
    const home = join(folder, `${verb}-${how.replaceAll(' ', '-')}`)
    mkdirSync(home)
    const options = how === 'full of bytes' ? 'size=4k' : how === 'full of inodes' ? 'nr_inodes=1' : 'ro'
    const mount = (...args: string[]) => expect(spawnSync('mount', args).status).toBe(0)
    mount('-t', 'tmpfs', '-o', options, 'tmpfs', home)
    try {
      const { status, stderr } = run(argsFor(join(home, 'target')))
      expect(status).toBe(1)
      expect(stderr).toMatch(/^ocilab: [^\n]*\/[^\n]*(ENOSPC|EROFS|no space|read-only)[^\n]* \[\w+\]\n$/)
      // Blobs that came whole may stay for the next try.
      const left = readdirSync(home, { recursive: true, encoding: 'utf8' })
      expect(left.filter(name => !/^target(\/blobs(\/sha256(\/[0-9a-f]{64})?)?)?$/.test(name))).toEqual([])
      expectSound(join(home, 'target'), how)
      mount('-o', 'remount,rw,size=8m,nr_inodes=1000', home)
      expect(run(argsFor(join(home, 'target')))).toMatchObject({ status: 0 })
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
    const target = join(home, 'target')
    const fresh = () => {
      rmSync(home, { recursive: true, force: true })
      mkdirSync(home)
    }
    fresh()
    const whole = faulted(home, argsFor(target))
    expect(whole).toMatchObject({ status: 0, stderr: '' })
    met.push(...whole.calls)
    const count = whole.calls.filter(it => it === call).length
    const points = errors.flatMap(error => Array.from({ length: count }, (_, at) => ({ call, error, at: at + 1 })))
    let tried = 0
    for (const fault of SWEEP ? points : points.filter((_, at) => at % points.length === DAY % points.length)) {
      fresh()
      const { status, stderr, hit } = faulted(home, argsFor(target), fault)
      // Threads are not always as many calls apart.
      if (!hit) continue
      tried++
      const where = `${verb}: ${call} ${fault.at} of ${count} ${fault.error}: ${stderr}`
      // What fails when all is done, as a last fsync of a folder, may leave a whole result.
      if (status === 0) expectSound(target, where)
      else {
        expect(status, where).toBe(1)
        expect(stderr, where).toMatch(/^ocilab: [^\n]+ \[\w+\]\n( {2}hint: [^\n]+\n)?$/)
        expect(stderr, where).not.toContain('unexpected')
        if (existsSync(target)) expectSound(target, where)
      }
      if (verb === 'unpack' || verb === 'save') rmSync(target, { recursive: true, force: true })
      expect(run(argsFor(target)).stderr, where).toBe('')
      expect(readdirSync(home), where).toEqual(['target'])
    }
    if (SWEEP) console.log(`${verb}: ${call}: ${tried} faults`)
    expect(tried > 0).toBe(count > 0)
  })
})

it('every call has been met', () => expect(met).toEqual(expect.arrayContaining(CALLS.map(([call]) => call))))

/** What has a digest for a name is what it says. */
function expectSound(target: string, where: string): void {
  if (!existsSync(target) || !statSync(target).isDirectory()) return
  for (const name of readdirSync(target, { recursive: true, encoding: 'utf8' }))
    if (/(^|\/)[0-9a-f]{64}$/.test(name))
      expect(digestOf(readFileSync(join(target, name))), where).toBe(`sha256:${basename(name)}`)
}
