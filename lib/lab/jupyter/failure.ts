import { inspect } from 'node:util'
import { isOciError } from '../../errors.ts'
import { inLanguage, type Language, type Words } from '../claim.ts'
import { adviceFor } from './advice.ts'
import { CompileError } from './compiler.ts'

/** An error as a notebook shows it. */
export interface Failure {
  readonly ename: string
  readonly evalue: string
  readonly traceback: readonly string[]
}

/** Where the error comes from: the cell as it was written, and the lines that were run. */
export interface CellText {
  /** `In [3]` */
  readonly name: string
  readonly source: string
  readonly javascript?: string
  /** Of the notebook. */
  readonly language: Language
}

/** Turns whatever a cell threw into a few lines: what happened, a hint where there is one, and the line of the cell. */
export function failureOf(error: unknown, cell: CellText): Failure {
  if (error instanceof CompileError) return notTypeScript(error, cell)
  const ename = nameOf(error)
  const evalue = error instanceof Error ? error.message : inspect(error)
  return {
    ename,
    evalue,
    traceback: [`${ename}: ${evalue}`, ...hintFor(error, cell.language), ...placeOf(error, cell)],
  }
}

/** What a cell fails with that was stopped. */
export function interrupted(language: Language): Failure {
  const evalue = { en: 'the cell was stopped', zh: '这个单元格被停下了' }[language]
  const advice = {
    en: 'run it again, or await lab.cleanup(), which takes back what it had begun',
    zh: '可以再运行一次；await lab.cleanup() 会收回它已经做了的',
  }
  return { ename: 'Interrupted', evalue, traceback: [`Interrupted: ${evalue}`, hintLine(advice, language)] }
}

/** Ours for whoever is in a notebook, else the error's own, which is for a terminal. */
function hintFor(error: unknown, language: Language): string[] {
  const advice = adviceFor(error) ?? (isOciError(error) ? error.data.hint : undefined)
  return advice === undefined ? [] : [hintLine(advice, language)]
}

function hintLine(advice: Words, language: Language): string {
  return `${language === 'zh' ? '提示：' : 'hint: '}${inLanguage(advice, language)}`
}

function nameOf(error: unknown): string {
  if (isOciError(error)) return error.code
  return error instanceof Error ? error.name : 'Thrown'
}

function notTypeScript(error: CompileError, { source, language }: CellText): Failure {
  const lines = source.split('\n')
  const shown = error.problems.flatMap(({ start, messageText }) => [
    `line ${start.line + 1}: ${messageText}`,
    `    ${lines[start.line] ?? ''}`,
    `    ${' '.repeat(Math.max(0, start.character))}^`,
  ])
  return { ename: 'TypeScript', evalue: error.message, traceback: [...shown, ...hintFor(error, language)] }
}

/** The line of the cell that was running: the deepest frame that is of the cell, not of the library. */
function placeOf(error: unknown, { name, source, javascript }: CellText): string[] {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  const at = stack.split('\n').find(line => line.includes(`${name}:`))
  const number = at && Number(new RegExp(`${name.replace(/[[\]]/g, '\\$&')}:(\\d+)`).exec(at)?.[1])
  const run = number ? javascript?.split('\n')[number - 1] : undefined
  if (run === undefined) return []
  // The compiler moves lines and adds prefixes, but what is written on a line stays: that is how we find it again.
  const index = source.split('\n').findIndex(line => line.trim() !== '' && plain(line) === plain(run))
  return index < 0 ? [] : [`at line ${index + 1}: ${source.split('\n')[index]!.trim()}`]
}

function plain(line: string): string {
  return line
    .replace(/\(0, (?:\w+_\d+\.|exports\.)?([\w.]+)\)/g, '$1')
    .replace(/\b(?:\w+_\d+|exports)\./g, '')
    .replace(/^\s*(?:export\s+)?(?:const|let|var)?\s*(?:[\w$]+(?:\s*:\s*[^=]+)?\s*=\s*)?/, '')
    .replace(/[;'"\s]/g, '')
}
