import { Command } from 'commander'
import type { Language } from '../lab/claim.ts'
import { nextHint, revealSolution } from '../lab/course/course.ts'
import { courseRoot } from '../lab/course/place.ts'
import { hintWords, solutionWords } from '../lab/course/tell.ts'
import { languageOption } from './check.ts'

export function command(): Command {
  return new Command()
    .description('The next hint for a step of the course: three in all, and then there is the solution.')
    .argument('<id>', 'a step: 03.1')
    .option('--solution', 'the solution itself')
    .addOption(languageOption())
    .action(async (id: string, { solution, lang }: { solution?: boolean; lang: Language }) => {
      const text = solution ? await solutionOf(id, lang) : await hintFor(id, lang)
      process.stdout.write(`${text}\n`)
    })
}

async function hintFor(id: string, lang: Language): Promise<string> {
  const { hints, of } = await nextHint(courseRoot(), id)
  return hintWords(id, hints, of, lang)
}

async function solutionOf(id: string, lang: Language): Promise<string> {
  return solutionWords(id, await revealSolution(courseRoot(), id), lang)
}
