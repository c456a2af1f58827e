import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBundle } from '../../bundle/bundle.ts'
import { ocirun } from '../ocirun.ts'
import { dockerProfile } from '../seccomp/testProfile.ts'
import { testBundle } from '../testBundle.ts'
import { type Fault, type Faulted, faulted, type Point, pointsIn, processesOf } from '../testFaults.ts'
import { testLeft } from '../testLeft.ts'
import { deleteContainer } from './end.ts'

// Every system call at which a state could be left half-made is one at which the runtime is killed, and one at which the
// kernel refuses. All of them take a quarter of an hour: OCILAB_SWEEP=1; else a sample, another one with each OCILAB_SEED.
const WHOLE = process.env.OCILAB_SWEEP !== undefined
const SAMPLE = 3
let seed = Number(process.env.OCILAB_SEED ?? 1)

/** What changes something outside of the program, or tells somebody; and what is opened on the way. */
const RUNTIME = [
  ...['mkdir', 'mkdirat', 'mknod', 'mknodat', 'chmod', 'rename', 'unlink', 'unlinkat', 'rmdir', 'openat', 'readlink'],
  ...['write', 'clone3', 'kill', 'socketpair', 'memfd_create', 'sendfile', 'fcntl'],
]
/** What native/init does, and the runtime hardly ever. */
const INIT = [
  ...[
    'open_tree',
    'move_mount',
    'fsopen',
    'fsconfig',
    'fsmount',
    'mount_setattr',
    'pivot_root',
    'umount2',
    'symlinkat',
  ],
  ...[
    'setns',
    'unshare',
    'sethostname',
    'capset',
    'setresuid',
    'setresgid',
    'setgroups',
    'seccomp',
    'keyctl',
    'setsid',
  ],
  ...['chdir', 'fchdir', 'close_range', 'fchownat', 'fchmodat', 'openat2', 'execve', 'mkdirat', 'mknodat', 'prctl'],
]
/** The first call of ours: before it Node starts, which is not ours to mend. */
const BEGIN = 'ocilab-compiled'

const folder = mkdtempSync(join(tmpdir(), 'ocilab-faults-'))
const root = join(folder, 'state')
const bundle = join(folder, 'bundle')
const runtime = ocirun({ root })

beforeAll(async () => {
  const made = await testBundle(['sleep', '1000'])
  await (await openBundle(made.path)).edit(config => {
    config.linux!.seccomp = dockerProfile()
  })
  cpSync(made.path, bundle, { recursive: true, verbatimSymlinks: true })
  made.remove()
  mkdirSync(root)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Operation {
  name: string
  /** What has to be there before. */
  prepare(id: string): Promise<unknown>
  args(id: string): string[]
}
const made = (id: string) => runtime.create(id, bundle)
const running = (id: string) => runtime.run(id, bundle)
const OPERATIONS: Operation[] = [
  { name: 'create', prepare: async () => {}, args: id => ['create', '--bundle', bundle, id] },
  { name: 'start', prepare: made, args: id => ['start', id] },
  { name: 'run', prepare: async () => {}, args: id => ['run', '--detach', '--bundle', bundle, id] },
  { name: 'exec', prepare: running, args: id => ['exec', id, 'true'] },
  { name: 'delete', prepare: running, args: id => ['delete', '--force', id] },
]
const WAYS: [who: string, what: string, fault: Omit<Fault, keyof Point>][] = [
  ['the runtime', 'killed', { calls: RUNTIME, what: 'signal=KILL', children: false }],
  ['the runtime', 'refused', { calls: RUNTIME, what: 'error=EIO', children: false }],
  ['native/init', 'killed', { calls: INIT, what: 'signal=KILL', children: true }],
  ['native/init', 'refused', { calls: INIT, what: 'error=EIO', children: true }],
]

describe.each(WAYS)('%s %s', (who, what, fault) => {
  const operations = OPERATIONS.filter(({ name }) => who === 'the runtime' || ['create', 'run', 'exec'].includes(name))
  it.each(operations)(
    'at a call of $name: delete --force clears all there is',
    async operation => {
      const all = await pointsOf(operation, fault)
      const points = WHOLE ? all : sample(all, SAMPLE)
      const results: Suffered[] = []
      for (const point of points) results.push(await suffer(operation, { ...fault, ...point }))
      const hits = results.filter(({ hit }) => hit !== undefined)
      if (WHOLE) console.log(`${who} ${what} at ${hits.length} calls of ${operation.name}`)
      expect(results.flatMap(({ problems }) => problems)).toEqual([])
      // Not every run makes quite as many calls as the one in which they were counted.
      expect(hits.length).toBeGreaterThan(0)
    },
    3_600_000,
  )
})

interface Suffered extends Faulted {
  problems: string[]
}

/** Has an operation go wrong at one call, and answers what is not as it should be then. */
async function suffer(operation: Operation, fault: Fault): Promise<Suffered> {
  const id = `faulted-${operation.name}-${fault.call}-${fault.at}`
  await operation.prepare(id)
  const result = await faulted(['--root', root, ...operation.args(id)], folder, fault)
  const problems: string[] = []
  if (result.status !== 0 && !result.hit?.includes('write(2')) problems.push(...sentences(result))
  try {
    for (const _ of ['once', 'again']) await deleteContainer(root, id, { force: true })
  } catch (error) {
    problems.push(`delete: ${(error as Error).message}`)
  }
  problems.push(...(await leftOf(id)))
  return { ...result, problems: problems.map(problem => `${id}, ${fault.what}, ${result.hit}: ${problem}`) }
}

/** What is wrong with what it said: of a program that was killed nothing is expected, of another one sentence. */
function sentences({ status, stderr }: Faulted): string[] {
  if (status === 128 + 9) return []
  const lines = stderr.split('\n').filter(line => line !== '')
  return lines.length === 1 && !/^\s+at |node:internal/.test(stderr) ? [] : [`exit ${status}: ${stderr}`]
}

/** Who is killed, and who is told so, ends in its own time. */
async function leftOf(id: string): Promise<string[]> {
  const look = () => [...testLeft(id, root), ...processesOf(folder)]
  const deadline = Date.now() + 30_000
  while (look().length > 0 && Date.now() < deadline) await sleep(10)
  return look()
}

/** Which calls there are: of the runtime those after Node has started, of its children all. */
async function pointsOf(operation: Operation, fault: Omit<Fault, keyof Point>): Promise<Point[]> {
  // The first one fills caches, and makes more calls than any other.
  await suffer(operation, { ...fault, call: 'none', at: 0 })
  const { trace, problems } = await suffer(operation, { ...fault, call: 'none', at: 0 })
  expect(problems).toEqual([])
  const points = pointsIn(trace)
  const first = points.findIndex(({ line }) => line.includes(BEGIN))
  if (!fault.children) expect(first).toBeGreaterThan(0)
  const ours = points.slice(fault.children ? 1 : first).map(({ call, at }) => ({ call, at }))
  expect(ours.length).toBeGreaterThan(10)
  return ours
}

/** Numerical Recipes' generator: the same sample for the same seed. */
function sample<T>(points: readonly T[], count: number): T[] {
  return Array.from({ length: count }, () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    return points[seed % points.length]!
  })
}

it('a folder of states that is not there is as good as an empty one', () => {
  expect(existsSync(root) ? readdirSync(root).filter(name => !name.startsWith('.')) : []).toEqual([])
})
