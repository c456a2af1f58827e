import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { isOciError } from '../../errors.ts'
import type { Language } from '../claim.ts'
import type { Lesson } from '../course/lesson.ts'
import { knownNeeds } from '../doctor.ts'
import { NOTEBOOKS, staleNotebooks } from './course.ts'
import type { Cell, LessonSource, Part, Prose } from './source.ts'
import { lessonNames, readLesson, stepsOf } from './words.ts'

const MOST_LINES = 12
const MOST_WORDS = 120
const HINTS = 3
// Everything of `lab` that is a promise: what is not awaited goes on while the next cell runs.
const PROMISES =
  /\blab\.(begin|check|hint|reveal|reset|answer|predict|outcome|expectError|sh|registry|report|cleanup|leaks)\(/

/** What a reader of the course would stumble over, `FILE:LINE: what`; empty when all is well. */
export function lintCourse(lessons: readonly Lesson[]): string[] {
  const names = lessonNames()
  const without = lessons.map(({ id }) => id).filter(id => !names.includes(id))
  return [
    ...without.map(id => `${id}: no notebooks/src/${id}.md`),
    ...names.flatMap(name => lintNamed(name, lessons)),
    ...staleNotebooks().map(path => `notebooks/${path}: not what its source makes of it (ocilab notebook build)`),
  ]
}

function lintNamed(name: string, lessons: readonly Lesson[]): string[] {
  const lesson = lessons.find(({ id }) => id === name)
  if (!lesson) return [`${name}.md: no lesson of that name in lib/lab/course/lessons/all.ts`]
  try {
    return lintLesson(readLesson(name), lesson)
  } catch (error) {
    if (isOciError(error, 'CONFIG_INVALID')) return [error.message]
    throw error
  }
}

/** The same for one lesson. */
export function lintLesson(source: LessonSource, lesson: Lesson): string[] {
  const steps = stepsOf(source)
  return [
    ...lintHead(source, lesson),
    ...source.parts.flatMap(part => (part.kind === 'cell' ? lintCell(part) : lintProse(part))).map(said(source)),
    ...lintSteps(steps, lesson, source.id),
    ...steps.flatMap(step => lintStep(source, step)),
  ]
}

function lintHead({ id, head, parts }: LessonSource, lesson: Lesson): string[] {
  const needs = (head.needs ?? '').split(/[\s,]+/).filter(need => need !== '')
  const unknown = needs.filter(need => !knownNeeds().includes(need))
  const differ = [...needs].sort().join(' ') !== [...(lesson.needs ?? [])].sort().join(' ')
  const outside = (kind: string) => parts.some(part => part.kind === kind && part.step === undefined)
  return [
    ...unknown.map(need => `${id}.md: needs ${need}: ocilab doctor does not know it (want ${knownNeeds().join(', ')})`),
    ...(differ
      ? [`${id}.md: needs ${needs.join(' ') || 'nothing'}, but its checks need ${lesson.needs?.join(' ') || 'nothing'}`]
      : []),
    ...(/^\d+ \d+$/.test(head.minutes ?? '')
      ? []
      : [`${id}.md: minutes ${head.minutes ?? ''} (want two numbers: reading, doing)`]),
    ...['title', 'why', 'text'].filter(kind => !outside(kind)).map(kind => `${id}.md: no ${kind} outside of the steps`),
  ]
}

function lintSteps(steps: readonly string[], { checks }: Lesson, id: string): string[] {
  const ids = checks.map(({ id }) => id)
  if (steps.join(' ') === ids.join(' ')) return []
  return [`${id}: its steps are ${steps.join(' ') || 'none'}, its checks ${ids.join(' ') || 'none'}`]
}

function lintStep(source: LessonSource, step: string): string[] {
  const own = source.parts.filter(part => part.step === step)
  const count = (is: (part: Part) => boolean) => own.filter(is).length
  const wanted: [what: string, got: number, want: number][] = [
    ...(['title', 'objective', 'why', 'debrief'] as const).map(
      kind => [kind, count(part => part.kind === kind), 1] as [string, number, number],
    ),
    ['hint', count(part => part.kind === 'hint'), HINTS],
  ]
  const stubs = own.filter(part => part.kind === 'cell' && part.role === 'exercise') as (Part & Cell)[]
  return [
    ...wanted
      .filter(([, got, want]) => got !== want)
      .map(([what, got, want]) => `${what}: ${got} of them (want ${want})`),
    ...repeatedHints(own),
    ...(stubs.length === 0 ? ['no exercise'] : []),
    ...(stubs.some(({ code }) => code.includes(`TODO(${step})`)) ? [] : [`no exercise says // TODO(${step}): …`]),
    ...(count(part => part.kind === 'cell' && part.role === 'solution') === 0 ? ['no solution'] : []),
  ].map(what => `${source.id}.md: step ${step}: ${what}`)
}

/** Who asks for another hint wants another one. */
function repeatedHints(own: readonly Part[]): string[] {
  const hints = own.flatMap(part => (part.kind === 'hint' ? [part.text] : []))
  return (['en', 'zh'] as Language[]).flatMap(language => {
    const said = hints.map(hint => hint[language].trim())
    return said.flatMap((hint, index) =>
      hint !== '' && said.indexOf(hint) < index ? [`hint ${index + 1} ${language}: the same as another`] : [],
    )
  })
}

interface Problem {
  line: number
  what: string
}

function said({ id }: LessonSource): (problem: Problem) => string {
  return ({ line, what }) => `${id}.md:${line}: ${what}`
}

function lintCell({ line, code }: Part & Cell): Problem[] {
  const lines = code.split('\n')
  const forgotten = lines.flatMap((text, index) =>
    PROMISES.test(text) && !/\bawait\b|=>|\breturn\b|^\s*\/\//.test(text) ? [index] : [],
  )
  return [
    ...(lines.length > MOST_LINES
      ? [{ line, what: `a cell of ${lines.length} lines (want at most ${MOST_LINES})` }]
      : []),
    ...(code.trim() === '' ? [{ line, what: 'an empty cell' }] : []),
    ...forgotten.map(index => ({ line: line + 1 + index, what: 'a promise that is not awaited' })),
  ]
}

function lintProse({ line, kind, text }: Part & Prose): Problem[] {
  return (['en', 'zh'] as Language[]).flatMap(language => {
    const words = text[language]
    const at = (what: string): Problem => ({ line, what: `${kind} ${language}: ${what}` })
    if (words === '') return [at('it is missing')]
    const length = language === 'en' ? words.split(/\s+/).length : 0
    return [
      ...(/^# /m.test(withoutFences(words)) ? [at('a heading of the first level: that is the lesson’s own')] : []),
      ...(kind === 'why' && length > MOST_WORDS ? [at(`${length} words (want at most ${MOST_WORDS})`)] : []),
      ...deadLinks(words).map(target => at(`the link ${target} leads nowhere`)),
    ]
  })
}

/** Links to files are looked up from where a notebook is; those to the web must at least be whole. */
function deadLinks(markdown: string): string[] {
  const targets = [...withoutFences(markdown).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!)
  return targets.filter(target => {
    if (/^[a-z]+:/.test(target)) return !/^https:\/\/[\w.-]+\.\w+(\/|$)/.test(target)
    return !target.startsWith('#') && !existsSync(join(NOTEBOOKS, 'en', target.split('#')[0]!))
  })
}

function withoutFences(markdown: string): string {
  return markdown.replace(/^```[\s\S]*?^```/gm, '')
}
