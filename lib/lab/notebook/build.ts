import type { Language, Text } from '../claim.ts'
import { KERNEL_NAME } from '../jupyter/kernelspec.ts'
import type { Output } from '../jupyter/outputs.ts'
import type { LessonSource, Part } from './source.ts'
import { stepsOf, wordsOf } from './words.ts'

/** A notebook file, format 4.5: what of it we write. */
export interface Notebook {
  readonly nbformat: 4
  readonly nbformat_minor: 5
  readonly metadata: Record<string, unknown>
  readonly cells: readonly NotebookCell[]
}

export interface NotebookCell {
  readonly cell_type: 'markdown' | 'code'
  readonly id: string
  readonly metadata: { readonly tags: readonly string[] }
  readonly source: readonly string[]
  readonly execution_count?: number | null
  readonly outputs?: readonly Output[]
}

/** `learner` has the exercises as stubs; `solved` has the solutions in their place. */
export type Variant = 'learner' | 'solved'

/** Makes one language's notebook of a lesson. Cell ids are made of what a cell is for, so that they stay. */
export function buildNotebook(source: LessonSource, language: Language, variant: Variant = 'learner'): Notebook {
  const ids = new Set<string>()
  const unique = (wanted: string) => {
    let id = wanted
    for (let again = 2; ids.has(id); again++) id = `${wanted}-${again}`
    ids.add(id)
    return id
  }
  const markdown = (id: string, text: string): NotebookCell => cell('markdown', unique(id), text, [])
  const code = (id: string, text: string, ...tags: string[]): NotebookCell => cell('code', unique(id), text, tags)
  const cells = [
    markdown('intro', introduction(source, language)),
    code('begin', `import { lab } from 'ocilab'\nawait lab.begin('${source.id}')`, 'begin'),
    ...groups(source).flatMap(({ step, parts }) => [
      ...(step === undefined ? [] : [markdown(`${dashed(step)}-why`, stepHeading(source, step, language, parts))]),
      ...parts.flatMap(part => partCells(part, language, variant, { markdown, code })),
      ...(step === undefined ? [] : [code(`${dashed(step)}-check`, `await lab.check('${step}')`, 'check')]),
    ]),
    code('end', 'await lab.report()\nawait lab.cleanup()\nawait lab.leaks()', 'end'),
  ]
  return {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: {
      kernelspec: { display_name: 'ocilab (TypeScript)', language: 'typescript', name: KERNEL_NAME },
      language_info: { file_extension: '.ts', mimetype: 'text/typescript', name: 'typescript' },
      ocilab: { lesson: source.id, language, needs: source.head.needs ?? '', minutes: source.head.minutes ?? '' },
    },
    cells,
  }
}

/** The bytes of a notebook file: as Jupyter itself writes them, so that saving it unchanged changes nothing. */
export function writeNotebook(notebook: Notebook): string {
  return `${JSON.stringify(notebook, null, 1)}\n`
}

interface Make {
  markdown(id: string, text: string): NotebookCell
  code(id: string, text: string, ...tags: string[]): NotebookCell
}

// What stands in the heading cell of its step, or is told by the check, or only on demand.
const ELSEWHERE = ['title', 'objective', 'why', 'hint', 'debrief']

function partCells(part: Part, language: Language, variant: Variant, { markdown, code }: Make): NotebookCell[] {
  const prefix = part.step ? dashed(part.step) : 'lesson'
  if (part.kind !== 'cell')
    return ELSEWHERE.includes(part.kind) ? [] : [markdown(`${prefix}-${part.kind}-text`, part.text[language])]
  if (part.role === (variant === 'learner' ? 'solution' : 'exercise')) return []
  return [code(`${prefix}-${part.role === 'solution' ? 'exercise' : part.role}`, part.code, part.role)]
}

/** The parts of each step together, in order. */
function groups({ parts }: LessonSource): { step?: string; parts: Part[] }[] {
  const groups: { step?: string; parts: Part[] }[] = []
  for (const part of parts) {
    const last = groups.at(-1)
    if (last && last.step === part.step) last.parts.push(part)
    else groups.push({ step: part.step, parts: [part] })
  }
  return groups
}

const WORDS: Record<'minutes' | 'needs' | 'nothing' | 'article' | 'goals' | 'goal', Text> = {
  minutes: { en: 'Time', zh: '时间' },
  needs: { en: 'Needs', zh: '需要' },
  nothing: { en: 'nothing but this notebook', zh: '只要这个笔记本' },
  article: { en: 'In the article', zh: '对应原文' },
  goals: { en: 'Afterwards you can', zh: '学完之后你能' },
  goal: { en: 'Goal', zh: '目标' },
}

const COLON: Text = { en: ': ', zh: '：' }

function introduction(source: LessonSource, language: Language): string {
  const said = (name: keyof typeof WORDS) => WORDS[name][language]
  const colon = COLON[language]
  const [reading = '?', doing = '?'] = (source.head.minutes ?? '').split(/[\s+]+/)
  const minutes = { en: `${reading} min reading, ${doing} min doing`, zh: `读 ${reading} 分钟，做 ${doing} 分钟` }
  const title = source.parts.find(part => part.kind === 'title' && part.step === undefined)
  const why = source.parts.find(part => part.kind === 'why' && part.step === undefined)
  const goals = stepsOf(source).map(step => wordsOf(source, step).objective?.[language])
  return [
    `# ${source.id.slice(0, 2)} ${textOf(title, language)}`,
    '',
    textOf(why, language),
    '',
    `- **${said('minutes')}**${colon}${minutes[language]}`,
    `- **${said('needs')}**${colon}${source.head.needs || said('nothing')}`,
    ...(source.head.article ? [`- **${said('article')}**${colon}${source.head.article}`] : []),
    '',
    `**${said('goals')}**`,
    '',
    ...goals.map(goal => `- ${goal ?? ''}`),
  ].join('\n')
}

function stepHeading(source: LessonSource, step: string, language: Language, parts: readonly Part[]): string {
  const { title, objective } = wordsOf(source, step)
  const why = parts.find(part => part.kind === 'why')
  const goal = objective ? [`*${WORDS.goal[language]}${COLON[language]}${objective[language]}*`, ''] : []
  return [`## ${step} ${title[language]}`, '', ...goal, textOf(why, language)].join('\n')
}

function textOf(part: Part | undefined, language: Language): string {
  return part && part.kind !== 'cell' ? part.text[language] : ''
}

function dashed(step: string): string {
  return step.replace('.', '-')
}

function cell(cell_type: 'markdown' | 'code', id: string, text: string, tags: readonly string[]): NotebookCell {
  const lines = text.split('\n').map((line, index, all) => (index < all.length - 1 ? `${line}\n` : line))
  const common = { cell_type, id, metadata: { tags }, source: lines }
  return cell_type === 'markdown' ? common : { ...common, execution_count: null, outputs: [] }
}
