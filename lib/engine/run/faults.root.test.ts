import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PROGRAM } from '../../package.ts'
import { type Point, pointsIn } from '../../runtime/testFaults.ts'
import { eventually, leftOn, type TestHost, testHost } from './testHost.ts'

// Every system call that changes something is one at which the program is killed, and one that the kernel refuses. All of
// them with OCILAB_SWEEP=1; else a sample, another one with each OCILAB_SEED.
const WHOLE = process.env.OCILAB_SWEEP !== undefined
const SAMPLE = 2
let seed = Number(process.env.OCILAB_SEED ?? 1)

const CALLS = [
  'sendto',
  'mount',
  'umount2',
  'unshare',
  'setns',
  'mkdir',
  'openat',
  'unlink',
  'rename',
  'fsync',
  'rmdir',
]
/** Each call is a test of its own when all are tried: that takes minutes. */
const PARTS = WHOLE ? CALLS.map(call => [call]) : [CALLS]
/** What a kernel says that is busy, or has no room: EIO where nothing fits better. */
const ERRORS: Record<string, string> = { sendto: 'ENOBUFS', mount: 'EBUSY', umount2: 'EBUSY', unshare: 'ENOSPC' }

let host: TestHost
beforeAll(async () => {
  host = await testHost()
  await host.ocilab('demo', 'tiny', `oci:${host.folder}/image:v0`)
})
afterAll(() => host.close())

interface Operation {
  name: string
  before: string[]
  words(): string[]
  after: string[]
}
const run = () => ['run', '--root', host.folder, '--rm', '-p', '8000:8000', '--entrypoint', 'true', image()]
const image = () => `oci:${host.folder}/image:v0`
const OPERATIONS: Operation[] = [
  { name: 'network up', before: [], words: () => ['network', 'up'], after: ['network', 'down'] },
  { name: 'network down', before: ['network', 'up'], words: () => ['network', 'down'], after: [] },
  { name: 'run -p', before: [], words: run, after: [] },
]

describe.each(['killed', 'refused'])('%s', way => {
  it.each(OPERATIONS.flatMap(operation => PARTS.map(calls => ({ ...operation, calls }))))(
    'at a call of $name ($calls): reset leaves nothing, and the next try works',
    async ({ calls, ...operation }) => {
      const all = (await pointsOf(operation)).filter(({ call }) => calls.includes(call))
      const points = WHOLE ? all : Array.from({ length: SAMPLE }, () => all[next() % all.length]!)
      const results: { hit: boolean; problems: string[] }[] = []
      for (const { call, at } of points) {
        const what = way === 'killed' ? 'signal=KILL' : `error=${ERRORS[call] ?? 'EIO'}`
        results.push(await suffer(operation, `${call}:${what}:when=${at}`))
      }
      const hits = results.filter(({ hit }) => hit).length
      if (WHOLE) console.log(`${way} at ${hits} of ${points.length} calls of ${operation.name} (${calls})`)
      expect(hits > 0 || points.length === 0).toBe(true)
      expect(results.flatMap(({ problems }) => problems)).toEqual([])
    },
    3_600_000,
  )
})

const ocilab = (words: string[]) => host.run(process.execPath, PROGRAM, ...words)

/** Runs an operation with one fault, and answers what is not as it should be then. */
async function suffer({ before, words, after }: Operation, inject?: string) {
  if (before.length > 0) await ocilab(before)
  const { status, stderr } = await traced(words(), inject)
  const problems = status === 0 || status > 128 ? [] : sentences(stderr)
  const trace = readTrace()
  const reset = await host.ocilab('reset')
  if (reset.status !== 0) problems.push(`reset: ${reset.stderr}`)
  await eventually(async () => expect(await leftOn(host)).toBe('')).catch(error => problems.push(error.message))
  for (const again of [before, words(), after].filter(line => line.length > 0)) {
    const next = await ocilab(again)
    if (next.status !== 0) problems.push(`${again.slice(0, 2).join(' ')}, again: ${next.stderr}`)
  }
  return {
    hit: trace.some(line => line.includes('(INJECTED)') || line.includes('killed by SIGKILL')),
    problems: problems.map(problem => `${inject}: ${problem}`),
  }
}

const traceFile = () => join(host.folder, 'image-trace')
const readTrace = () => readFileSync(traceFile(), 'utf8').split('\n')

function traced(words: string[], inject?: string) {
  const quiet = '--quiet=attach,exit,personality,thread-execve'
  const fault = inject === undefined ? [] : [`--inject=${inject}`]
  // The program runs on between the calls that are traced; but then strace sends no signal.
  const sparing = inject?.includes('signal=') ? [] : ['--seccomp-bpf']
  const strace = [quiet, ...sparing, '--follow-forks', '--output', traceFile(), `--trace=${CALLS}`, ...fault]
  return host.run('strace', ...strace, process.execPath, PROGRAM, ...words)
}

/** Of a program that could not do its work one sentence is expected, and warnings and a hint beside it. */
function sentences(stderr: string): string[] {
  const lines = stderr.split('\n').filter(line => line !== '' && !/^(WARNING: | {2}hint: )/.test(line))
  return lines.length === 1 && lines[0]!.startsWith('ocilab: ') ? [] : [`said ${JSON.stringify(stderr)}`]
}

const known = new Map<string, Point[]>()

/** The calls of the program itself and of whom it starts; those before its first change are Node's own. */
async function pointsOf(operation: Operation): Promise<Point[]> {
  const before = known.get(operation.name)
  if (before) return before
  // The first one fills caches, and makes more calls than any other.
  for (const _ of ['once', 'again']) expect((await suffer(operation)).problems).toEqual([])
  if (operation.before.length > 0) await ocilab(operation.before)
  await traced(operation.words())
  const trace = readTrace()
  await host.ocilab('reset')
  const points = pointsIn(trace)
  const first = points.findIndex(({ line }) => line.includes('/run/ocilab') || line.includes('NETLINK'))
  const ours = points.slice(first).filter(({ call, line }) => call !== 'openat' || line.includes('O_CREAT'))
  expect(first).toBeGreaterThanOrEqual(0)
  expect(ours.length).toBeGreaterThan(10)
  known.set(operation.name, ours)
  return ours
}

/** Numerical Recipes' generator: the same sample for the same seed. */
function next(): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
  return seed
}
