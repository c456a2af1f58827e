import { styleText } from 'node:util'
import { Command } from 'commander'
import type { Language } from '../lab/claim.ts'
import { beginLesson, lessonOf } from '../lab/course/course.ts'
import { lessons } from '../lab/course/lessons/all.ts'
import { courseRoot } from '../lab/course/place.ts'
import { readState } from '../lab/course/state.ts'
import { table } from '../lab/course/tell.ts'
import { readLesson, wordsOf } from '../lab/notebook/words.ts'
import { languageOption } from './check.ts'
import { session } from './session.ts'

export function command(): Command {
  return new Command()
    .description('The course in a terminal: lists the lessons, or begins one and says what its steps are.')
    .argument('[lesson]', 'a lesson: 03')
    .addOption(languageOption())
    .action(async (name: string | undefined, { lang }: { lang: Language }) => {
      const lines = name === undefined ? list(lang) : await begin(name, lang)
      process.stdout.write(`${lines.join('\n')}\n`)
    })
}

function list(lang: Language): string[] {
  const { steps } = readState(courseRoot())
  return lessons.map(({ id, checks }) => {
    const done = checks.filter(check => steps[check.id]?.passed).length
    const title = readLesson(id).parts.find(part => part.kind === 'title')
    const words = title && title.kind !== 'cell' ? title.text[lang] : ''
    return `${done === checks.length ? '✔' : ' '} ${id.padEnd(24)} ${done}/${checks.length}  ${words}`
  })
}

async function begin(name: string, lang: Language): Promise<string[]> {
  const lesson = lessonOf(name)
  const { place, found } = await session({}, options => beginLesson(courseRoot(), lesson, options))
  const source = readLesson(lesson.id)
  const { steps } = readState(courseRoot())
  return [
    table(found, place.folder, lang)['text/plain'],
    '',
    ...lesson.checks.map(({ id }) => {
      const { title, objective } = wordsOf(source, id)
      const goal = styleText('dim', objective?.[lang] ?? '', { stream: process.stdout })
      return `${steps[id]?.passed ? '✔' : '·'} ${id} ${title[lang]}\n     ${goal}`
    }),
  ]
}
