import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Execution, type KernelClient, startKernel } from './client.ts'
import { kernelSpec } from './kernelspec.ts'

const home = fileURLToPath(new URL('../../..', import.meta.url))
// A folder that has never heard of ocilab: no node_modules above it.
const folder = mkdtempSync(join(tmpdir(), 'ocilab-kernel-test-'))
let kernel: KernelClient
beforeAll(async () => {
  kernel = await startKernel({ ...kernelSpec(home), cwd: folder })
})
afterAll(async () => {
  await kernel.shutdown()
  rmSync(folder, { recursive: true })
})

const run = (code: string) => kernel.execute(code)
const printed = ({ outputs }: Execution) =>
  outputs.map(output => (output.output_type === 'stream' ? output.text : '')).join('')
const result = ({ outputs }: Execution) =>
  outputs.flatMap(output => (output.output_type === 'execute_result' ? [output.data['text/plain']] : [])).join()
const errorOf = ({ outputs }: Execution) => outputs.find(output => output.output_type === 'error')

describe('a cell', () => {
  it.each([
    ['1 + 1', '2'],
    ['"text"', 'text'],
    ['await Promise.resolve(7)', '7'],
    ['Promise.resolve("awaited, though nobody said so")', 'awaited, though nobody said so'],
    ['undefined', ''],
    ['const x: number = 1', ''],
    ['interface Point { x: number }; const p: Point = { x: 3 }; p', '{ x: 3 }'],
    ['import { digestOf } from "ocilab"; digestOf(new Uint8Array())', expect.stringContaining('sha256:e3b0c44298fc1c')],
    ['import { join } from "node:path"; join("a", "b")', 'a/b'],
    ['crypto.randomUUID().length', '36'],
    ['export const exported = 5; exported', '5'],
    ['const { signal } = new AbortController(); signal.aborted', 'false'],
    ['const { headers } = await fetch("data:text/plain,x"); headers.get("content-type")', 'text/plain'],
    ['[exported, signal.aborted, typeof headers]', "[ 5, false, 'object' ]"],
  ])('%s gives %s', async (code, expected) => {
    const execution = await run(code)
    expect(execution).toMatchObject({ status: 'ok' })
    expect(result(execution)).toEqual(expected)
  })

  it('sees the variables, functions and imports of earlier ones', async () => {
    await run('const answer = { is: 42 }; async function ask() { return answer.is }')
    expect(result(await run('await ask()'))).toBe('42')
  })

  it.each([
    ['({ first })', '{ first: 1 }'],
    ['const inner = () => ({ first, ...{ first } }); inner()', '{ first: 1 }'],
    ['const { first: one } = { first }; await Promise.resolve({ one, first })', '{ one: 1, first: 1 }'],
    ['{ const first = 2; console.log({ first }) }; [{ first }].length', '1'],
  ])('sees them in shorthand properties: %s', async (code, expected) => {
    await run('const first = 1')
    const execution = await run(code)
    expect(execution).toMatchObject({ status: 'ok' })
    expect(result(execution)).toBe(expected)
  })

  it('prints in order, and after what it awaited', async () => {
    const code =
      'console.log("one"); await new Promise(r => setTimeout(r, 20)); console.log("two"); process.stdout.write("é")'
    expect(printed(await run(code))).toBe('one\ntwo\né')
  })

  it('shows what knows how to be shown, with a text beside it', async () => {
    const code = '({ [Symbol.for("Jupyter.display")]: () => ({ "text/plain": "a", "text/html": "<b>a</b>" }) })'
    expect((await run(code)).outputs).toMatchObject([{ data: { 'text/plain': 'a', 'text/html': '<b>a</b>' } }])
  })
})

describe('a cell that fails', () => {
  it.each([
    ['throw new Error("broken")', 'Error', 'broken'],
    ['import { parseDigest } from "ocilab"; parseDigest("md5:1")', 'DIGEST_INVALID', 'md5:1'],
    ['await Promise.reject(new TypeError("later"))', 'TypeError', 'later'],
    ['throw "a string"', 'Thrown', 'a string'],
    ['Promise.reject(new Error("nobody waits")); 1', 'Error', 'nobody awaited it'],
    [
      'setTimeout(() => { throw new Error("from a timer") }); await new Promise(r => setTimeout(r, 50))',
      'Error',
      'from a timer',
    ],
    ['const wrong: number = "text"', 'TypeScript', "line 1: Type 'string' is not assignable"],
    ['nonesuch()', 'TypeScript', "Cannot find name 'nonesuch'"],
    ['import { nonesuch } from "ocilab"', 'TypeScript', 'nonesuch'],
  ])('%s: %s', async (code, ename, message) => {
    const execution = await run(code)
    expect(execution.status).toBe('error')
    const error = errorOf(execution)
    expect(error).toMatchObject({ ename, evalue: expect.stringContaining(message) })
    expect(error?.traceback.join('\n')).not.toMatch(/node:internal|node_modules|\/lib\//)
    expect(await run('"still alive"')).toMatchObject({ status: 'ok' })
  })

  it.each([
    ['madeFurtherUp', 'hint: does a cell further up make this name? Run the cells above first'],
    ['import { readFile } from "node:fs/promises"; await readFile("nonesuch")', 'hint: does a cell further up make'],
    ['Promise.reject(new Error("nobody waits")); 1', 'hint: is an await missing?'],
    [
      'import { OciError } from "ocilab"; throw new OciError("NETWORK_EXISTS", "runc0", { hint: "x" })',
      'lab.cleanup()',
    ],
    ['import { OciError } from "ocilab"; throw new OciError("IO", "disk", { hint: "its own" })', 'hint: its own'],
  ])('%s says what to do: %s', async (code, advice) => {
    expect(errorOf(await run(code))?.traceback.join('\n')).toContain(advice)
  })

  it('names the line, as it was written', async () => {
    const { traceback } = errorOf(
      await run('import { parseDigest } from "ocilab"\nconst fine = 1\nconst d: string = parseDigest("x")'),
    )!
    expect(traceback.at(-1)).toBe('at line 3: const d: string = parseDigest("x")')
  })

  it('keeps the cells that wait behind it from running, and no later ones', async () => {
    const [first, second, third] = await Promise.all([run('throw new Error("stop")'), run('1'), run('2')])
    expect([first.status, second.status, third.status]).toEqual(['error', 'aborted', 'aborted'])
    expect((await run('3')).status).toBe('ok')
  })

  it('does not when it was asked not to', async () => {
    const going = (code: string) => kernel.execute(code, { stopOnError: false })
    const all = await Promise.all([going('throw new Error("go on")'), going('1')])
    expect(all.map(({ status }) => status)).toEqual(['error', 'ok'])
  })

  it('is told of a promise that an earlier cell lost, later', async () => {
    // It comes while that cell ends, while none runs, or while the next does: whichever it is, it is told once.
    let execution = await run('setTimeout(() => Promise.reject(new Error("afterwards")), 200); 0')
    while (execution.status === 'ok') execution = await run('1')
    expect(execution.error).toMatch(/afterwards \(thrown in (this|an earlier) cell, and nobody awaited it/)
    expect((await run('1')).status).toBe('ok')
  })
})

describe('interrupting', () => {
  it.each([
    ['code that waits', 'await new Promise(() => {})'],
    ['code that does not', 'for (;;);'],
    ['a program it started', 'import { lab } from "ocilab"; await lab.sh("sleep 1000")'],
  ])('%s', async (_, code) => {
    // An interrupt before the cell has begun stops nothing: a learner, too, presses the button again.
    const button = setInterval(() => kernel.interrupt(), 300)
    const execution = await run(code).finally(() => clearInterval(button))
    expect(execution).toMatchObject({ status: 'error', error: 'Interrupted: the cell was stopped' })
    expect(result(await run('"alive"'))).toBe('alive')
  })
})

describe('the front end’s other questions', () => {
  it('completes names of the library', async () => {
    const code = 'import * as o from "ocilab"; o.parseDig'
    const reply = await kernel.request('complete_request', { code, cursor_pos: code.length })
    expect(reply.matches).toContain('parseDigest')
  })
  it('tells the type of what the cursor is at', async () => {
    const code = 'import { digestOf } from "ocilab"; digestOf'
    const reply = await kernel.request('inspect_request', { code, cursor_pos: code.length })
    expect(reply).toMatchObject({ found: true, data: { 'text/plain': expect.stringContaining('digestOf') } })
  })
  it('knows no widgets and has no history', async () => {
    expect(await kernel.request('comm_info_request', {})).toEqual({ status: 'ok', comms: {} })
    expect(await kernel.request('history_request', {})).toEqual({ status: 'ok', history: [] })
  })
})
