import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { type DiskFault, type TestDisk, testDisk } from '../../../../bytes/testDisk.ts'
import { PROGRAM } from '../../../../package.ts'
import { digestOf } from '../../../../spec/digest.ts'
import { OCI_CONFIG, OCI_MANIFEST } from '../../../../spec/mediaTypes.ts'
import { testFolder } from '../../../testImages.ts'
import { startRegistry } from '../server.ts'
import { manifestOf } from '../testRegistry.ts'
import { mustBeWhole } from './testStored.ts'
import { pushedAndPulled, type Step } from './testStory.ts'

// A disk that refuses the n-th call of a registry: the client is told so, the registry lives, nothing half-written has a
// digest's name, and the same requests succeed afterwards. In CI one n of each call, every day another one; with
// OCILAB_SWEEP=1 every one.
const SWEEP = process.env.OCILAB_SWEEP === '1'
const DAY = new Date().getDate()
const PATIENCE = SWEEP ? 3_000_000 : 60_000

/** Each call that changes, opens or reads something, and how the kernel may refuse it. */
const CALLS: [call: string, errors: DiskFault['error'][]][] = [
  ['open', ['ENOSPC', 'EMFILE', 'EIO']],
  ['read', ['EIO']],
  ['write', ['ENOSPC', 'EIO']],
  ['sync', ['EIO', 'ENOSPC']],
  ['rename', ['ENOSPC', 'EIO']],
  ['link', ['ENOSPC', 'EIO', 'EPERM']],
  ['mkdir', ['ENOSPC', 'EIO']],
  ['unlink', ['EIO']],
]

const folder = testFolder()
const root = join(folder, 'registry')
let disk: TestDisk
beforeAll(() => {
  disk = testDisk(folder)
})

const isHit = (calls: string[]) => calls.some(call => call.endsWith('(INJECTED)'))

/** Where a program that makes these calls can be refused one of a kind. */
function pointsIn(calls: string[], call: string, errors: DiskFault['error'][]): DiskFault[] {
  const count = calls.filter(it => it === call).length
  const points = errors.flatMap(error => Array.from({ length: count }, (_, at) => ({ call, error, at: at + 1 })))
  return SWEEP ? points : points.filter((_, at) => at === (DAY * 7) % points.length)
}

describe('a registry that is pushed to and pulled from', () => {
  let server: ChildProcess
  let url: string
  async function serve(fault?: DiskFault): Promise<void> {
    rmSync(root, { recursive: true, force: true })
    mkdirSync(root)
    server = spawn(process.execPath, [PROGRAM, 'registry', 'serve', '--root', root], {
      env: disk.env(root, fault),
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    url = String((await once(server.stdout!, 'data'))[0]).trim()
  }
  async function stop(): Promise<void> {
    server.kill('SIGTERM')
    expect((await once(server, 'exit'))[0]).toBe(143)
    expect(namesOf(/(^|\/)\.ocilab\./)).toEqual([])
  }

  let calls: string[]
  beforeAll(async () => {
    await serve()
    expect(wrongIn(await pushedAndPulled(url))).toEqual([])
    await stop()
    calls = disk.calls()
  })

  it.each(CALLS)(
    '%s that fails: it says so, lives, and does the same again',
    async (call, errors) => {
      let hits = 0
      const problems: string[] = []
      for (const fault of pointsIn(calls, call, errors)) {
        await serve(fault)
        const steps = await pushedAndPulled(url)
        const hit = isHit(disk.calls())
        const again = await pushedAndPulled(url)
        const wrong = [
          ...wrongIn(steps, hit).map(it => `then ${it}`),
          ...wrongIn(again).map(it => `again ${it}`),
          // What the disk does not let go stays until the registry stops.
          ...namesOf(LEFT)
            .slice(Number(call === 'unlink'))
            .map(name => `left ${name}`),
        ]
        mustBeWhole(root)
        await stop()
        hits += Number(hit)
        problems.push(...wrong.map(it => `${fault.call} ${fault.at} ${fault.error}: ${it}`))
      }
      if (SWEEP) console.log(`${call}: ${hits} faults`)
      expect(problems).toEqual([])
      expect(hits).toBeGreaterThan(0)
    },
    PATIENCE,
  )
})

describe('a collection of garbage', () => {
  const before = join(folder, 'before')
  const reset = () => {
    rmSync(root, { recursive: true, force: true })
    cpAll(before, root)
  }
  const collect = (fault?: DiskFault) => {
    const args = [PROGRAM, 'registry', 'gc', '--root', root, '--grace', '0', '--untagged']
    return spawnSync(process.execPath, args, { encoding: 'utf8', env: disk.env(root, fault) })
  }

  let calls: string[]
  let after: string[]
  beforeAll(async () => {
    const registry = await startRegistry({ root: before })
    await pushedAndPulled(registry.url)
    const raw = manifestOf({ config: { mediaType: OCI_CONFIG, digest: digestOf('{}'), size: 2 } })
    const untagged = `${registry.url}/v2/a/manifests/${digestOf(raw)}`
    const put = await fetch(untagged, { method: 'PUT', body: raw, headers: { 'content-type': OCI_MANIFEST } })
    expect(put.status).toBe(201)
    await registry.close()
    reset()
    expect(collect()).toMatchObject({ status: 0, stderr: '' })
    calls = disk.calls()
    after = filesIn(root)
    expect(after.length).toBeLessThan(filesIn(before).length)
  })

  const used = CALLS.filter(([call]) => !['mkdir', 'link'].includes(call))
  it.each([...used, ['rmdir', ['EIO']] satisfies (typeof CALLS)[number]])(
    '%s that fails: nothing that is needed goes, and the next one takes the rest',
    (call, errors) => {
      let hits = 0
      for (const fault of pointsIn(calls, call, errors)) {
        const where = `${fault.call} ${fault.at} ${fault.error}`
        reset()
        const { status, stderr } = collect(fault)
        hits += Number(isHit(disk.calls()))
        if (status !== 0) expect(stderr, where).toMatch(/^ocilab: [^\n]+\n$/)
        mustBeWhole(root)
        expect(collect(), where).toMatchObject({ status: 0, stderr: '' })
        expect(filesIn(root), where).toEqual(after)
        mustBeWhole(root)
      }
      if (SWEEP) console.log(`${call}: ${hits} faults`)
      expect(hits).toBeGreaterThan(0)
    },
    PATIENCE,
  )
})

/** With their hard links. */
function cpAll(from: string, to: string): void {
  expect(spawnSync('cp', ['-a', from, to]).status).toBe(0)
}

const LEFT = /(^|\/)\.ocilab\.[^/]*\/|\.lock$/
/** An empty folder may stay where one could not be removed. */
const filesIn = (path: string) =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
    .sort()
const namesOf = (what: RegExp) =>
  readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(name => what.test(name))

/** What is not as it should be in a story; in one that met a fault, steps may be refused, and those after them have nothing to work with. */
function wrongIn(steps: Step[], isFaulty = false): string[] {
  const refused = steps.findIndex(({ status, want }) => status !== want)
  return steps.flatMap(({ name, status, want, code, problem }, at) => {
    const said = `${name}: ${status} ${code ?? ''} ${problem ?? ''}`
    if (problem) return [said]
    if (status === want) return []
    const isAnswer = status >= 500 && code !== undefined
    // A blob that is not there cannot be mounted: it is to be uploaded.
    const isWithout = at > refused && ((status >= 400 && code !== undefined) || (name === 'mount' && status === 202))
    return isFaulty && (isAnswer || isWithout || status === 0) ? [] : [said]
  })
}
