import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, expect, it } from 'vitest'
import { PROGRAM } from '../package.ts'
import { imageWith } from '../rootfs/testLayers.ts'
import { readTree } from '../rootfs/testTree.ts'
import { copy } from '../transport/copy.ts'
import { heldImage } from '../transport/held.ts'
import { testFolder } from '../transport/testImages.ts'

// Who is killed at any moment leaves nothing half-made under its name, and the next run finishes and clears away the rest.
const KILLS = Number(process.env.OCILAB_TEST_KILLS ?? 4)
const home = testFolder()
const source = `oci:${join(home, 'source')}:v0`
const tmp = join(home, 'tmp')

const VERBS: [what: string, args: (target: string) => string[]][] = [
  ['export', target => ['export', source, '-o', target]],
  ['save', target => ['save', source, '-o', target]],
  ['an archive', target => ['copy', source, `oci-archive:${target}:v0`]],
  ['a folder', target => ['unpack', source, target]],
  ['a bundle', target => ['unpack', source, target, '--bundle']],
  ['mutate', target => ['mutate', source, `oci:${target}:v0`, '--env', 'A=1']],
  ['flatten', target => ['flatten', source, `oci:${target}:v0`]],
]

beforeAll(async () => {
  mkdirSync(tmp)
  const files = Array.from({ length: 60 }, (_, at) => [`f${at}`, { body: `${at}`.repeat(100_000) }] as const)
  await copy(heldImage(await imageWith(Object.fromEntries(files), { 'a/b': { body: 'B' } }), 'memory'), source)
})

function start(args: string[]) {
  const child = spawn(process.execPath, [PROGRAM, ...args, '-q'], {
    env: { ...process.env, TMPDIR: tmp },
    stdio: 'ignore',
  })
  return { child, ended: new Promise<number | null>(resolve => child.once('close', resolve)) }
}

/** Without times: folders that nobody speaks of have that of their making. */
function seen(target: string): unknown {
  return Object.entries(readTree(target)).map(([path, { type, mode, sha256 }]) => ({ path, type, mode, sha256 }))
}

it.each(VERBS)('%s', { timeout: 120_000 }, async (what, args) => {
  const work = mkdtempSync(join(home, 'work-'))
  const begun = performance.now()
  expect(await start(args(join(work, 'undisturbed'))).ended).toBe(0)
  const whole = performance.now() - begun
  const want = seen(join(work, 'undisturbed'))
  const targets = Array.from({ length: KILLS }, (_, at) => join(work, `target${at}`))
  for (const [at, target] of targets.entries()) {
    const { child, ended } = start(args(target))
    await sleep(((at + Math.random()) / KILLS) * whole)
    child.kill('SIGKILL')
    await ended
    const isLayout = what === 'mutate' || what === 'flatten'
    // A layout grows blob by blob; everything else is whole or not there.
    if (existsSync(target) && !isLayout) expect(seen(target)).toEqual(want)
    else expect(await start(args(target)).ended).toBe(0)
    expect(seen(target)).toEqual(want)
  }
  // Of one that came to its end before it was killed, nobody has cleared away the one before.
  expect(await start(args(join(work, 'last'))).ended).toBe(0)
  expect(readdirSync(work).sort()).toEqual(['last', ...targets.map((_, at) => `target${at}`), 'undisturbed'].sort())
  expect(readdirSync(tmp)).toEqual([])
})
