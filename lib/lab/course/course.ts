import { mkdir, rm } from 'node:fs/promises'
import { OciError } from '../../errors.ts'
import type { Options } from '../../events.ts'
import { type Finding, inLanguage, type Language, look, type Text } from '../claim.ts'
import { type Diagnosis, diagnose } from '../doctor.ts'
import { readLesson, type StepWords, wordsOf } from '../notebook/words.ts'
import type { Lesson, LessonCheck } from './lesson.ts'
import { lessons } from './lessons/all.ts'
import { type Place, placeOf } from './place.ts'
import { writeResults } from './results.ts'
import { changeStep, readState, type StepState } from './state.ts'

/** What came of looking at one step. */
export interface Report {
  readonly lesson: Lesson
  readonly check: LessonCheck
  readonly finding: Finding
  readonly words: StepWords
  /** What was remembered before. */
  readonly before: StepState
}

/** The lesson that is asked for: `03`, `03.1` or `03-oci-layout`. Throws `ARGUMENT_INVALID`, with what there is. */
export function lessonOf(asked: string): Lesson {
  const lesson = lessons.find(({ id }) => id === asked || id.slice(0, 2) === asked.split('.')[0])
  if (lesson) return lesson
  const known = lessons.map(({ id }) => id).join(', ')
  throw new OciError('ARGUMENT_INVALID', `lesson ${asked}: there is none (want one of ${known})`, {
    got: asked,
    advice: { en: 'its number is in the name of the notebook', zh: '编号就在笔记本的文件名里' },
  })
}

/** The check that is asked for: `03.1`. Throws `ARGUMENT_INVALID`, with what there is. */
export function checkOf(id: string): { lesson: Lesson; check: LessonCheck } {
  const lesson = lessonOf(id)
  const check = lesson.checks.find(check => check.id === id)
  if (check) return { lesson, check }
  const known = lesson.checks.map(({ id }) => id).join(', ')
  throw new OciError('ARGUMENT_INVALID', `check ${id}: there is none (want one of ${known})`, {
    got: id,
    advice: { en: 'its number stands in the heading above', zh: '编号写在上面的标题里' },
  })
}

/** The place of a lesson, with what is remembered of it now. */
export function lessonPlace(root: string, lesson: Lesson): Place {
  const state = readState(root)
  return placeOf(root, lesson.id, {
    answer: id => state.steps[id]?.answer,
    service: name => state.services[`${lesson.id}/${name}`],
  })
}

/**
 * Opens a lesson: makes its folder, and what it starts with where this machine can; `found` says what it has of what the
 * lesson needs. Doing it again does no harm.
 */
export async function beginLesson(
  root: string,
  lesson: Lesson,
  options: Options = {},
): Promise<{ place: Place; found: Diagnosis[] }> {
  const place = lessonPlace(root, lesson)
  await mkdir(place.folder, { recursive: true })
  const found = await diagnose(['node', ...(lesson.needs ?? [])])
  if (found.every(({ state }) => state === 'ok')) await lesson.prepare?.(place, options)
  return { place, found }
}

/** One more of a step's hints; those that were seen before come along. */
export async function nextHint(root: string, id: string): Promise<{ hints: readonly Text[]; of: number }> {
  const { hints } = stepWords(id)
  const seen = Math.min((readState(root).steps[id]?.hints ?? 0) + 1, hints.length)
  await changeStep(root, id, { hints: seen })
  return { hints: hints.slice(0, seen), of: hints.length }
}

/** A step's solution. That it was asked for before the step was done is remembered. */
export async function revealSolution(root: string, id: string): Promise<readonly string[]> {
  const { solution } = stepWords(id)
  if (!readState(root).steps[id]?.passed) await changeStep(root, id, { revealed: true })
  return solution
}

/** Writes down an answer to a step's question. */
export async function giveAnswer(root: string, id: string, answer: string | number | boolean): Promise<void> {
  checkOf(id)
  await changeStep(root, id, { answer })
}

function stepWords(id: string): StepWords {
  const { lesson } = checkOf(id)
  return wordsOf(readLesson(lesson.id), id)
}

/** Looks at one step, and remembers that it passed. */
export async function checkStep(root: string, id: string): Promise<Report> {
  const { lesson, check } = checkOf(id)
  const report = await lookAt(root, lesson, check)
  if (report.finding.state === 'pass') await changeStep(root, id, { passed: true })
  await writeResults(root, [report])
  return report
}

/** Looks at one step without remembering anything. */
export async function lookAt(root: string, lesson: Lesson, check: LessonCheck): Promise<Report> {
  const words = wordsOf(readLesson(lesson.id), check.id)
  const before = readState(root).steps[check.id] ?? {}
  const missing = await unmet([...(lesson.needs ?? []), ...(check.needs ?? [])])
  const finding: Finding = missing
    ? { state: 'skip', seen: missing, expected: check.claim, where: check.id }
    : await look(check, lessonPlace(root, lesson))
  return { lesson, check, finding, words, before }
}

/** Why this machine cannot do what needs that; undefined when it can. */
async function unmet(needs: readonly string[]): Promise<Text | undefined> {
  const missing = (await diagnose(needs)).filter(({ state }) => state === 'missing')
  if (missing.length === 0) return undefined
  const told = (language: Language) =>
    missing
      .map(({ name, seen, mend }) => {
        const how = mend ? ` (${inLanguage(mend, language)})` : ''
        return `${name}: ${inLanguage(seen, language)}${how}`
      })
      .join('; ')
  return { en: told('en'), zh: told('zh') }
}

/** Makes one step undone: what it made is removed, what was answered is forgotten. Answers what was removed. */
export async function resetStep(root: string, id: string): Promise<string[]> {
  const { lesson, check } = checkOf(id)
  const place = lessonPlace(root, lesson)
  for (const made of check.makes ?? []) await rm(place.path(made), { recursive: true, force: true })
  await check.undo?.(place)
  await changeStep(root, id, undefined)
  return [...(check.makes ?? [])]
}
