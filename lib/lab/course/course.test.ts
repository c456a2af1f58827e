import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { digestOf } from '../../spec/digest.ts'
import { inLanguage } from '../claim.ts'
import {
  beginLesson,
  checkOf,
  checkStep,
  giveAnswer,
  lessonOf,
  lookAt,
  nextHint,
  resetStep,
  revealSolution,
} from './course.ts'
import type { Lesson } from './lesson.ts'
import { lessons } from './lessons/all.ts'
import { courseRoot, languageOf } from './place.ts'
import { changeStep, readState } from './state.ts'
import { watchLessons } from './watch.ts'

let root: string
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'ocilab-course-test-'))
  await beginLesson(root, lessonOf('00'))
})
afterEach(() => rmSync(root, { recursive: true }))

const results = () => JSON.parse(readFileSync(join(root, '.ocilab/results.json'), 'utf8'))

describe('names', () => {
  it('finds a lesson by number, name or step', () =>
    expect(['00', '00-start-here', '00.2'].map(name => lessonOf(name).id)).toEqual(Array(3).fill('00-start-here')))
  it.each(['', 'x', '77', '77.1'])('says what there is instead of %j', name => {
    expect(() => lessonOf(name)).toThrow('want one of 00-start-here')
  })
  it('says what steps there are', () => expect(() => checkOf('00.9')).toThrow('want one of 00.1, 00.2'))
  it('no two checks have one', () => {
    const ids = lessons.flatMap(({ checks }) => checks.map(({ id }) => id))
    expect(new Set(ids).size).toBe(ids.length)
    for (const { id, checks } of lessons) for (const check of checks) expect(check.id.slice(0, 2)).toBe(id.slice(0, 2))
  })
})

describe('what is remembered', () => {
  it('that a step passed, and when it does no more the results say so', async () => {
    await giveAnswer(root, '00.1', 64)
    await checkStep(root, '00.1')
    expect(readState(root).steps['00.1']).toEqual({ answer: 64, passed: true })
    expect(results()).toMatchObject({ version: 3, status: 'pass', tests: [{ task_id: 1, status: 'pass' }] })
    await giveAnswer(root, '00.1', 1)
    await checkStep(root, '00.1')
    await checkStep(root, '00.2')
    expect(results()).toMatchObject({
      status: 'fail',
      tests: [
        { name: expect.stringMatching(/^00.1 /), status: 'fail', message: expect.stringContaining('seen: 1') },
        { status: 'fail' },
      ],
    })
  })
  it('how many hints were seen: they come one by one, and end', async () => {
    const counts = []
    for (let n = 0; n < 5; n++) counts.push((await nextHint(root, '00.1')).hints.length)
    expect(counts).toEqual([1, 2, 3, 3, 3])
  })
  it('that the solution was asked for, unless the step was done', async () => {
    expect((await revealSolution(root, '00.2')).join()).toContain('writeFileSync')
    expect(readState(root).steps['00.2']).toEqual({ revealed: true })
    await changeStep(root, '00.1', { passed: true })
    await revealSolution(root, '00.1')
    expect(readState(root).steps['00.1']).toEqual({ passed: true })
  })
  it('nothing of a step that was reset, and all of the others', async () => {
    await giveAnswer(root, '00.1', 64)
    mkdirSync(join(root, 'lab-work/00-start-here/blobs'))
    await changeStep(root, '00.2', { hints: 2 })
    expect(await resetStep(root, '00.2')).toEqual(['blobs'])
    expect(existsSync(join(root, 'lab-work/00-start-here/blobs'))).toBe(false)
    expect(readState(root).steps).toEqual({ '00.1': { answer: 64 } })
  })
  it('everything, when many write at once', async () => {
    const ids = Array.from({ length: 20 }, (_, n) => `00.${n}`)
    await Promise.all(ids.map(id => changeStep(root, id, { hints: 1 })))
    expect(Object.keys(readState(root).steps).sort()).toEqual([...ids].sort())
  })
  it.each(['', '{', '[]', 'null', '{"version":9}'])(
    'nothing of a file that is %j; it is kept beside',
    async text => {
      mkdirSync(join(root, '.ocilab'))
      writeFileSync(join(root, '.ocilab/state.json'), text)
      await giveAnswer(root, '00.1', 64)
      expect((await checkStep(root, '00.1')).finding.state).toBe('pass')
      expect(readFileSync(join(root, '.ocilab/state.json.spoiled'), 'utf8')).toBe(text)
    },
    10_000,
  )
})

describe('a machine that lacks something', () => {
  const path = process.env.PATH
  afterEach(() => {
    process.env.PATH = path
  })
  it('is told at the beginning, nothing is prepared, and a check is left out with the reason', async () => {
    process.env.PATH = '/nonexistent'
    const prepare = () => Promise.reject(new Error('prepared'))
    const lesson: Lesson = { ...lessonOf('00'), needs: ['skopeo'], prepare }
    const { found } = await beginLesson(root, lesson)
    expect(found).toMatchObject([{ state: 'ok' }, { name: 'skopeo', state: 'missing', mend: expect.any(String) }])
    const { finding } = await lookAt(root, lesson, lesson.checks[0]!)
    expect(finding).toMatchObject({
      state: 'skip',
      seen: {
        en: expect.stringMatching(/^skopeo: not installed \(.*apt-get/),
        zh: expect.stringMatching(/^skopeo: 没有安装 \(.*apt-get/),
      },
    })
  })
})

describe('watching', () => {
  it('tells what changes, goes on when a step is done, and ends', async () => {
    const told: string[] = []
    const blobs = join(root, 'lab-work/00-start-here/blobs')
    for await (const { check, finding } of watchLessons(root, [lessonOf('00')], { interval: 5 })) {
      told.push(`${check.id} ${finding.state} ${inLanguage(finding.seen, 'en')}`)
      if (told.length === 1) await giveAnswer(root, '00.1', 32)
      if (told.length === 2) await giveAnswer(root, '00.1', 64)
      if (told.length === 4) mkdirSync(blobs)
      if (told.length === 5) writeFileSync(join(blobs, digestOf('x').slice(7)), 'x')
    }
    expect(told.map(line => line.slice(0, 20))).toEqual([
      '00.1 fail no answer ',
      '00.1 fail 32',
      '00.1 pass 64',
      expect.stringContaining('00.2 fail'),
      '00.2 fail no file',
      expect.stringContaining('00.2 pass'),
    ])
  })
  it('stops when it is told to', async () => {
    const watching = watchLessons(root, [lessonOf('00')], { signal: AbortSignal.timeout(50), interval: 5 })
    await watching.next()
    await expect(watching.next()).rejects.toThrow('abort')
  })
})

describe('where the course is', () => {
  it('is the folder above with notebooks or .ocilab in it', () => {
    mkdirSync(join(root, 'notebooks/zh'), { recursive: true })
    expect(courseRoot(join(root, 'notebooks/zh'))).toBe(root)
    rmSync(join(root, '.ocilab'), { recursive: true, force: true })
    expect(courseRoot(join(root, 'notebooks/zh'))).toBe(root)
    expect(courseRoot('/')).toBe('/')
  })
  it('says the language', () => expect(['/x/zh', '/x/en'].map(languageOf)).toEqual(['zh', 'en']))
})
