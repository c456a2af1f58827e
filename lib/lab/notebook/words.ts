import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { PACKAGE } from '../../package.ts'
import type { Text } from '../claim.ts'
import { type LessonSource, type ProseKind, parseLesson } from './source.ts'

/** The folder of the lessons' sources, in this package. */
export const SOURCES = join(PACKAGE, 'notebooks/src')

/** What is said of one step, outside of the running text. */
export interface StepWords {
  readonly title: Text
  readonly objective?: Text
  readonly hints: readonly Text[]
  readonly debrief?: Text
  /** The solution's code, cell by cell. */
  readonly solution: readonly string[]
}

/** Names of the lessons that have a source, in order. */
export function lessonNames(folder: string = SOURCES): string[] {
  return readdirSync(folder)
    .filter(name => /^\d\d-[\w-]+\.md$/.test(name))
    .map(name => basename(name, '.md'))
    .sort()
}

export function readLesson(id: string, folder: string = SOURCES): LessonSource {
  return parseLesson(id, readFileSync(join(folder, `${id}.md`), 'utf8'))
}

/** The steps of a lesson, in order. */
export function stepsOf({ parts }: LessonSource): string[] {
  return [...new Set(parts.map(({ step }) => step).filter(step => step !== undefined))]
}

export function wordsOf(source: LessonSource, step: string): StepWords {
  const own = source.parts.filter(part => part.step === step)
  const prose = (kind: ProseKind) => own.flatMap(part => (part.kind === kind ? [part.text] : []))
  return {
    title: prose('title')[0] ?? { en: step, zh: step },
    objective: prose('objective')[0],
    hints: prose('hint'),
    debrief: prose('debrief')[0],
    solution: own.flatMap(part => (part.kind === 'cell' && part.role === 'solution' ? [part.code] : [])),
  }
}
