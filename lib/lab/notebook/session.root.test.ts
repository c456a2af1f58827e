import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, it } from 'vitest'
import { PROGRAM } from '../../package.ts'
import { ocirun } from '../../runtime/ocirun.ts'
import { reset } from '../journal.ts'
import { leaks } from '../leaks.ts'
import { runInKernel } from './session.ts'
import { notebook } from './testNotebook.ts'

// What a lesson has half done when it fails: a network, and a container that runs.
const LAB = 'halfdone'
const BEGUN = `import { applyPlan, demoImage, networkPlan, ocirun, unpackBundle, lab } from 'ocilab'
await lab.begin('08')
await applyPlan(networkPlan(lab.place.names), lab.options)
await lab.sh('rm -rf bundle')
await unpackBundle((await demoImage('tiny')).image, 'bundle')
await ocirun().run(lab.place.container, 'bundle', { output: 'log', ...lab.options })
console.log('begun')`

const folder = mkdtempSync(join(tmpdir(), 'ocilab-session-'))
afterAll(() => rmSync(folder, { recursive: true }))
afterEach(() => reset(LAB))

async function leftOver(): Promise<string[]> {
  const containers = (await ocirun().list()).map(({ id }) => id)
  return [...(await leaks(LAB)).map(({ what }) => what), ...containers.filter(id => id.includes(LAB))]
}

it.each([
  ['throws', 'throw new Error("broken")', 'Error: broken'],
  ['takes too long', 'await new Promise(() => {})', 'the cell has not ended in 20 s'],
  ['kills its kernel', 'process.kill(process.pid, "SIGKILL")', expect.stringContaining('kernel: it ended (SIGKILL)')],
])(
  'a notebook that %s is a failure, and leaves nothing',
  async (_, cell, what) => {
    for (const ownNetwork of [false, true]) {
      const run = await runInKernel(notebook(BEGUN, cell), 'en', { labId: LAB, ownNetwork, timeout: 20_000 })
      expect(JSON.stringify(run.notebook.cells[0]!.outputs)).toContain('begun')
      expect(run.failures).toEqual([{ cell: 'cell-2', what }])
      expect(await leftOver()).toEqual([])
    }
  },
  120_000,
)

it.each(['SIGINT', 'SIGTERM'] as const)('a run that is stopped by %s leaves nothing', async signal => {
  const file = join(folder, 'waits.ipynb')
  const begun = join(folder, signal)
  const tell = `import { writeFileSync } from 'node:fs'; writeFileSync(${JSON.stringify(begun)}, '')`
  writeFileSync(file, JSON.stringify(notebook(BEGUN, tell, 'await new Promise(() => {})')))
  const child = spawn(process.execPath, [PROGRAM, 'notebook', 'run', file, '--id', LAB], { stdio: 'ignore' })
  await expect.poll(() => readdirSync(folder), { timeout: 60_000 }).toContain(signal)
  child.kill(signal)
  expect(await ended(child)).toBe(signal === 'SIGINT' ? 130 : 143)
  expect(await leftOver()).toEqual([])
})

it('a gallery that is stopped leaves no folder of its kernels', async () => {
  const scratch = join(folder, 'scratch')
  mkdirSync(scratch)
  const args = ['notebook', 'gallery', '00', '--output', join(folder, 'gallery')]
  const env = { ...process.env, TMPDIR: scratch }
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: 'ignore', env })
  await expect.poll(() => readdirSync(scratch).length, { timeout: 60_000 }).toBeGreaterThan(1)
  child.kill('SIGINT')
  expect(await ended(child)).toBe(130)
  expect(readdirSync(scratch)).toEqual([])
})

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise(resolve => child.once('close', resolve))
}
