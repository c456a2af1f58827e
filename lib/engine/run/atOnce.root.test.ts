import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually, leftOn, type TestHost, testHost } from './testHost.ts'

// Verbs of all kinds at once on one container, in another order with each OCILAB_SEED; many more of them with OCILAB_SWEEP.
const ROUNDS = process.env.OCILAB_SWEEP ? 60 : 6
const AT_ONCE = 6
let seed = Number(process.env.OCILAB_SEED ?? 1)

let host: TestHost
beforeAll(async () => {
  host = await testHost()
  await host.ocilab('demo', 'tiny', `oci:${host.folder}/image:v0`)
})
afterAll(() => host.close())

const WAITING = ['--entrypoint', 'sh', 'IMAGE', '-c', 'trap "exit 7" TERM; echo up; sleep 1000 & wait']

const CONTAINER = [
  ['run', '-d', '--name', 'one', '-p', '8000:8000', ...WAITING],
  ...['start one', 'start one', 'stop -t 1 one', 'kill one', 'rm one', 'rm -f one', 'exec one true'].map(words),
  ...['inspect one', 'ps -a', 'logs one'].map(words),
]
const POD = [
  ['run', '-d', '--pod', 'demo', '--name', 'one', ...WAITING],
  ['run', '--rm', '--pod', 'demo', '--name', 'two', '--entrypoint', 'true', 'IMAGE'],
  ...['pod create demo', 'pod start demo', 'pod stop -t 1 demo', 'pod restart -t 0 demo', 'pod kill demo'].map(words),
  ...['pod rm demo', 'pod rm -f demo', 'pod inspect demo', 'pod ps', 'start one', 'rm -f one', 'ps -a'].map(words),
]

/** What docker and podman say to whoever comes too early or too late. */
const SAID =
  /^ocilab: (no such container: \w+|container \w+ is not running|you cannot remove a running container \w+: .*|the container name "\/\w+" is already in use by .*|cannot exec in a stopped container.*|name "demo" is in use: pod already exists|no pod with name or ID demo found: no such pod|pod demo: cannot remove container \w+ as it is running .*|pod demo: its sandbox has ended) \[\w+\]$/

describe.each([
  ['container', CONTAINER, ['rm', '-f', 'one']],
  ['pod', POD, ['pod', 'rm', '-f', 'demo']],
])('on one %s', (_, verbs, last) => {
  it('verbs at once do what they say, or say what docker says, and leave nothing', async () => {
    const said: string[] = []
    for (let round = 0; round < ROUNDS; round++)
      said.push(...(await Promise.all(Array.from({ length: AT_ONCE }, () => attempt(pick(verbs))))).flat())
    expect(said).toEqual([])
    expect(await host.ocilab(...(last as [string, ...string[]]))).toMatchObject({ status: 0, stderr: '' })
    await eventually(async () => expect(await leftOn(host)).toBe(''))
    expect((await host.ocilab('leaks')).stdout).toBe('none\n')
  }, 900_000)
})

/** Runs a verb; answers what it said that nobody expects. */
async function attempt(line: readonly string[]): Promise<string[]> {
  const [verb = '', ...args] = line.map(word => (word === 'IMAGE' ? `oci:${host.folder}/image:v0` : word))
  const { stderr } = await host.ocilab(verb, ...args)
  const lines = stderr.split('\n').filter(text => text !== '' && !text.startsWith('  hint: ') && !SAID.test(text))
  return lines.map(text => `${line.join(' ')}: ${text}`)
}

function words(line: string): string[] {
  return line.split(' ')
}

/** Numerical Recipes' generator: the same order for the same seed. */
function pick<T>(list: readonly T[]): T {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
  return list[(seed >>> 8) % list.length]!
}
