import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { imageFrom } from '../image/build.ts'
import { PROGRAM } from '../package.ts'
import { digestOf } from '../spec/digest.ts'
import { copy } from './copy.ts'
import { heldImage } from './held.ts'
import { type RunningRegistry, startRegistry } from './registry/server/server.ts'
import { testFolder, testSource } from './testImages.ts'

// Programs that are killed at any moment, and programs that write to one place at once: each is a process of its own.
const folder = testFolder()
// OCILAB_TEST_KILLS=20 for the whole sweep: each is one start of a program.
const KILLS = Number(process.env.OCILAB_TEST_KILLS ?? 4)
let registry: RunningRegistry
let image: Awaited<ReturnType<typeof imageFrom>>
beforeAll(async () => {
  registry = await startRegistry()
  const layers = [1, 2, 3].map(() => ({ tar: randomBytes(8 << 20), history: {} }))
  image = await imageFrom({ architecture: 'amd64', os: 'linux', config: {}, layers })
  await copy(heldImage(image, 'memory'), `docker://${registry.host}/a:v0`, { insecure: true })
  await copy(heldImage(image, 'memory'), `oci:${join(folder, 'source')}:v0`)
})
afterAll(() => registry.close())

function start(...args: string[]) {
  const child = spawn(process.execPath, [PROGRAM, ...args, '-q', '--tls-verify=false'], { stdio: 'ignore' })
  return { child, ended: new Promise<number | null>(resolve => child.once('close', resolve)) }
}

async function run(...args: string[]): Promise<number | null> {
  return start(...args).ended
}

/** Starts it, and kills it after a part of the time that a whole run takes. */
async function killed(part: number, whole: number, ...args: string[]): Promise<void> {
  const { child, ended } = start(...args)
  await sleep(part * whole)
  child.kill('SIGKILL')
  await ended
}

/** Every blob is what its name says, and the index, if there is one, can be read. */
function expectValid(layout: string): void {
  const names = readdirSync(layout, { recursive: true, encoding: 'utf8' })
  for (const name of names.filter(it => /^blobs\/sha256\/[0-9a-f]{64}$/.test(it)))
    expect(digestOf(readFileSync(join(layout, name))), name).toBe(`sha256:${basename(name)}`)
  if (names.includes('index.json')) JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8'))
}

const timed = async (...args: string[]) => {
  const begun = performance.now()
  expect(await run(...args)).toBe(0)
  return performance.now() - begun
}

describe('killed at any moment', () => {
  it('a pull leaves what is whole, and the next one what is right', { timeout: 240_000 }, async () => {
    const from = `docker://${registry.host}/a:v0`
    const whole = await timed('copy', from, `oci:${join(folder, 'undisturbed')}:v0`)
    const layout = join(folder, 'killed')
    for (let i = 0; i < KILLS; i++) {
      await killed((i + Math.random()) / KILLS, whole, 'copy', from, `oci:${layout}:v0`)
      if (readdirSync(folder).includes('killed')) expectValid(layout)
    }
    expect(await run('copy', from, `oci:${layout}:v0`)).toBe(0)
    expectValid(layout)
    const files = (at: string) => readdirSync(at, { recursive: true, encoding: 'utf8' }).sort()
    expect(files(layout)).toEqual(files(join(folder, 'undisturbed')))
  })

  it('a push leaves the tag as it was, and the next one makes it', { timeout: 240_000 }, async () => {
    const from = `oci:${join(folder, 'source')}:v0`
    const whole = await timed('copy', from, `docker://${registry.host}/timed:v0`)
    await copy(await testSource(), `docker://${registry.host}/b:v0`, { insecure: true })
    const digests = new Set<string>()
    for (let i = 0; i < KILLS; i++) {
      await killed((i + Math.random()) / KILLS, whole, 'copy', from, `docker://${registry.host}/b:v0`)
      const place = join(folder, `pushed-${i}`)
      digests.add((await copy(`docker://${registry.host}/b:v0`, `oci:${place}:v0`, { insecure: true })).manifest.digest)
    }
    expect(await run('copy', from, `docker://${registry.host}/b:v0`)).toBe(0)
    const last = await copy(`docker://${registry.host}/b:v0`, `oci:${join(folder, 'last')}:v0`, { insecure: true })
    expect(last.manifest.digest).toBe(image.descriptor.digest)
    // Old or new, and never anything between.
    digests.delete(image.descriptor.digest)
    expect(digests.size).toBeLessThanOrEqual(1)
  })
})

describe('at once', () => {
  it('eight programs that write eight tags into one layout leave eight', { timeout: 120_000 }, async () => {
    const layout = join(folder, 'eight')
    const tags = Array.from({ length: 8 }, (_, i) => `v${i}`)
    const from = `docker://${registry.host}/a:v0`
    expect(await Promise.all(tags.map(tag => run('copy', from, `oci:${layout}:${tag}`)))).toEqual(Array(8).fill(0))
    const { manifests } = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8'))
    const names = manifests.map(
      (it: { annotations: Record<string, string> }) => it.annotations['org.opencontainers.image.ref.name'],
    )
    expect(names.sort()).toEqual(tags)
    expectValid(layout)
    expect(readdirSync(layout).sort()).toEqual(['blobs', 'index.json', 'oci-layout'])
  })
})
