import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { type Finding, inLanguage, type Language, type Words } from '../claim.ts'
import { beginLesson, checkOf, giveAnswer, lessonOf, lessonPlace, lookAt, resetStep } from './course.ts'
import type { Place } from './place.ts'

/** A lesson in a fresh folder, as a learner has it who has just run its first cell. */
export async function openTestLesson(id: string) {
  const root = await mkdtemp(join(tmpdir(), 'ocilab-lesson-'))
  const lesson = lessonOf(id)
  await beginLesson(root, lesson)
  return {
    root,
    /** With what is remembered now. */
    place: (): Place => lessonPlace(root, lesson),
    answer: (step: string, answer: string | number | boolean) => giveAnswer(root, step, answer),
    /** What a check says, in English, and in `zh` as it says it in Chinese. */
    async look(step: string) {
      const { check } = checkOf(step)
      const { finding } = await lookAt(root, lesson, check)
      speaksBoth(finding, finding.expected === check.claim ? ['where'] : ['seen', 'expected', 'where'])
      return { ...said(finding, 'en'), zh: said(finding, 'zh') }
    },
    reset: (step: string) => resetStep(root, step),
    close: () => rm(root, { recursive: true, force: true }),
  }
}

function said(finding: Finding, language: Language) {
  const { state, seen, expected, where, hint } = finding
  const words = (it: Words) => inLanguage(it, language)
  return {
    state,
    seen: words(seen),
    expected: words(expected),
    where: words(where),
    hint: hint && words(hint),
  }
}

/**
 * Values, commands and paths are the same everywhere; a sentence is there in both languages, and its Chinese is Chinese.
 * What the machine itself has said (of a claim that could not be looked at) stays as it was said.
 */
function speaksBoth(finding: Finding, own: readonly ('seen' | 'expected' | 'where')[]): void {
  for (const name of [...own, 'hint'] as const) {
    const words = finding[name]
    const place = `${name} of a check: ${JSON.stringify(words)}`
    if (typeof words === 'string') expect(words, place).not.toMatch(SENTENCE)
    else if (words) {
      expect(words.zh, place).toMatch(/\p{Script=Han}/u)
      expect(words.en, place).not.toMatch(/\p{Script=Han}|^$/u)
    }
  }
}

/** No value and no command has such words in a row. */
const SENTENCE = /\b(the|an?|is|are|not?|of|with|than|that|what|yet|least|first|in) \w/i
