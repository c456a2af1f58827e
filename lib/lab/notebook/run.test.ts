import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type KernelClient, startKernel } from '../jupyter/client.ts'
import { kernelSpec } from '../jupyter/kernelspec.ts'
import { runNotebook } from './run.ts'
import { notebook } from './testNotebook.ts'

const home = fileURLToPath(new URL('../../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'ocilab-run-test-'))
afterAll(() => rmSync(folder, { recursive: true }))
let kernel: KernelClient
beforeEach(async () => {
  kernel = await startKernel({ ...kernelSpec(home), cwd: folder })
})
afterEach(() => kernel.shutdown())

describe('a run fails on', () => {
  it.each<[string, string[], { cell: string; what: string }[]]>([
    [
      'a cell that throws, and says that the rest was not run',
      ['1', 'throw new Error("broken")', '2', '3'],
      [
        { cell: 'cell-2', what: 'Error: broken' },
        { cell: 'cell-3', what: 'it was not run, nor were the 1 after it' },
      ],
    ],
    [
      'what is written to stderr',
      ['console.error("careful")'],
      [{ cell: 'cell-1', what: 'it wrote to stderr: careful' }],
    ],
    [
      'a promise that the last cell lost, when it comes late',
      [
        'setTimeout(() => Promise.reject(new Error("late")), 20); const start = Date.now(); while (Date.now() - start < 100); 0',
      ],
      [{ cell: expect.stringMatching(/cell-1|after the last cell/), what: expect.stringContaining('late') }],
    ],
    ['a kernel that ends', ['process.exit(3)'], [{ cell: 'cell-1', what: expect.stringContaining('it ended (3)') }]],
  ])('%s', async (_, sources, failures) => {
    expect((await runNotebook(notebook(...sources), kernel)).failures).toEqual(failures)
  })

  it('a cell that takes too long, by its name', async () => {
    const { failures } = await runNotebook(notebook('1', 'await new Promise(() => {})'), kernel, { timeout: 4000 })
    expect(failures).toEqual([{ cell: 'cell-2', what: 'the cell has not ended in 4 s' }])
  })
})

it('a good run has its outputs, in order', async () => {
  const { failures, notebook: ran } = await runNotebook(notebook('console.log("a"); console.log("b")', '1 + 1'), kernel)
  expect(failures).toEqual([])
  expect(ran.cells.map(({ outputs }) => outputs)).toMatchObject([
    [{ output_type: 'stream', name: 'stdout', text: 'a\nb\n' }],
    [{ output_type: 'execute_result', data: { 'text/plain': '2' } }],
  ])
})
