import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { Language } from '../claim.ts'
import type { Variant } from './build.ts'
import { courseNotebooks } from './course.ts'
import { runInKernel } from './session.ts'
import { lessonNames, readLesson, stepsOf } from './words.ts'

// Each lesson three times through the real kernel: as it is handed out, solved in the other language, and, in the same
// folder, solved again: what a first time leaves must not be in the way of a second.
describe.concurrent.each(lessonNames())('%s', name => {
  const root = mkdtempSync(join(tmpdir(), 'ocilab-course-test-'))
  afterAll(() => rmSync(root, { recursive: true, force: true }))
  const steps = stepsOf(readLesson(name))

  async function run(language: Language, variant: Variant, folder?: string) {
    const [{ notebook } = { notebook: undefined }] = courseNotebooks([name], [language], variant)
    // They run at the same time, and containers are known to the whole machine: each is a lab of its own.
    const labId = `course${name.slice(0, 2)}-${variant}`
    const result = await runInKernel(notebook!, language, { root: folder, ownNetwork: true, labId })
    expect(result.failures).toEqual([])
    const last = result.notebook.cells.at(-1)!
    const said = last.outputs!.map(output => (output.output_type === 'stream' ? output.text : '')).join('')
    expect(said.trimEnd().split('\n').at(-1)).toBe(language === 'zh' ? '没有残留' : 'none')
    return result.checks
  }

  it('runs unsolved, and passes no check', async () => {
    const checks = await run('en', 'learner')
    expect(Object.keys(checks)).toEqual(steps)
    expect(Object.entries(checks).filter(([, state]) => state === 'pass')).toEqual([])
  }, 180_000)

  it('passes every check when it is solved, twice in a row', async () => {
    for (const language of ['zh', 'en'] as const) {
      const checks = await run(language, 'solved', root)
      expect(Object.entries(checks).filter(([, state]) => state === 'fail')).toEqual([])
      expect(Object.keys(checks)).toEqual(steps)
    }
    const { status, tests } = JSON.parse(readFileSync(join(root, '.ocilab/results.json'), 'utf8'))
    expect([status, tests.length > 0]).toEqual(['pass', true])
  }, 300_000)
})
