import { OciError } from '../../errors.ts'
import type { Language, Text } from '../claim.ts'
import { joinLines } from './chinese.ts'

/**
 * A lesson as its author writes it: one file for both languages (notebooks/AUTHORING.md says how). It is read once, here;
 * notebooks, hints in a terminal and the linter are made of what this says.
 */
export interface LessonSource {
  readonly id: string
  /** Of the front matter: `needs`, `minutes`, `article`. */
  readonly head: Readonly<Record<string, string>>
  readonly parts: readonly Part[]
}

/** Everything has the step it stands in; what is before the first step or after the last has none. */
export type Part = { readonly step?: string; readonly line: number } & (Prose | Cell)

export interface Prose {
  readonly kind: ProseKind
  readonly text: Text
}

export interface Cell {
  readonly kind: 'cell'
  readonly role: CellRole
  readonly code: string
}

const PROSE = ['text', 'title', 'objective', 'why', 'predict', 'see', 'hint', 'debrief'] as const
export type ProseKind = (typeof PROSE)[number]

/**
 * `do` and `see` are run as they are; an `exercise` is a stub that the learner completes, and the `solution` after it is
 * what it may become: it is not in the learner's copy. `predict` asks for a guess.
 */
const CELLS = ['do', 'see', 'predict', 'exercise', 'solution'] as const
export type CellRole = (typeof CELLS)[number]

const LANGUAGES: readonly string[] = ['en', 'zh'] satisfies Language[]

/** Reads a lesson. Throws `CONFIG_INVALID`, with the line, when it is not one. */
export function parseLesson(id: string, markdown: string): LessonSource {
  const lines = markdown.split(/\r?\n/)
  const problem = (line: number, what: string) => new OciError('CONFIG_INVALID', `${id}.md:${line + 1}: ${what}`)
  const [head, start] = frontMatter(lines, problem)
  const parts: Part[] = []
  let step: string | undefined
  let open: { kind: ProseKind; language: Language; line: number; lines: string[] } | undefined
  const close = () => {
    if (open) put(parts, { ...open, step }, problem)
    open = undefined
  }
  for (let at = start; at < lines.length; at++) {
    const line = lines[at]!
    const cell = /^```ts (\S+)$/.exec(line)
    const directive = /^:::(?: (\S+))?(?: (\S+))?\s*$/.exec(line)
    if (cell) {
      close()
      const end = lines.indexOf('```', at + 1)
      if (end < 0) throw problem(at, 'this cell has no end (want ```)')
      const role = CELLS.find(role => role === cell[1])
      if (!role) throw problem(at, `no such kind of cell: ${cell[1]} (want ${CELLS.join(', ')})`)
      parts.push({ step, line: at + 1, kind: 'cell', role, code: lines.slice(at + 1, end).join('\n') })
      at = end
    } else if (directive) {
      close()
      const [, kind, argument] = directive
      if (kind === 'step') step = stepId(argument, id, () => problem(at, `step ${argument}`))
      else if (kind === 'end') step = undefined
      else if (kind !== undefined) {
        const known = PROSE.find(name => name === kind)
        if (!known) throw problem(at, `no such block: ${kind} (want step, end, ${PROSE.join(', ')})`)
        if (!LANGUAGES.includes(argument ?? '')) throw problem(at, `${kind} ${argument ?? ''}: want en or zh after it`)
        open = { kind: known, language: argument as Language, line: at, lines: [] }
      }
    } else if (open) open.lines.push(line)
    else if (line.trim() !== '') throw problem(at, 'text outside of a block (want ::: text en before it)')
  }
  close()
  return { id, head, parts }
}

type Problem = (line: number, what: string) => OciError

function frontMatter(lines: readonly string[], problem: Problem): [Record<string, string>, number] {
  if (lines[0] !== '---') throw problem(0, 'no front matter (want ---)')
  const end = lines.indexOf('---', 1)
  if (end < 0) throw problem(0, 'the front matter has no end (want ---)')
  const pairs = lines.slice(1, end).map((line, index) => {
    const pair = /^(\w+):\s*(.*)$/.exec(line)
    if (!pair) throw problem(index + 1, `${line}: want name: value`)
    return [pair[1]!, pair[2]!.trim()] as const
  })
  return [Object.fromEntries(pairs), end + 1]
}

function stepId(argument: string | undefined, lesson: string, problem: () => OciError): string {
  if (argument === undefined || !/^\d\d\.\d+$/.test(argument) || !lesson.startsWith(argument.slice(0, 2)))
    throw problem()
  return argument
}

/** English begins a block and Chinese completes it: they stand one after the other, so they are read together. */
function put(
  parts: Part[],
  {
    kind,
    language,
    line,
    lines,
    step,
  }: { kind: ProseKind; language: Language; line: number; lines: string[]; step?: string },
  problem: Problem,
): void {
  const words = lines.join('\n').trim()
  if (words === '') throw problem(line, `${kind} ${language}: it is empty`)
  const last = parts.at(-1)
  if (language === 'en') parts.push({ step, line: line + 1, kind, text: { en: words, zh: '' } })
  else if (last && last.kind === kind && last.text.zh === '')
    parts[parts.length - 1] = { ...last, text: { ...last.text, zh: joinLines(words) } }
  else throw problem(line, `${kind} zh: want ${kind} en right before it`)
}
