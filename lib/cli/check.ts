import { styleText } from 'node:util'
import { Command, Option } from 'commander'
import type { Language } from '../lab/claim.ts'
import { checkOf, checkStep, lessonOf, type Report } from '../lab/course/course.ts'
import { lessons } from '../lab/course/lessons/all.ts'
import { courseRoot, languageOf } from '../lab/course/place.ts'
import { resultsOf } from '../lab/course/results.ts'
import { reportLines } from '../lab/course/say.ts'
import { print } from './session.ts'

export function command(): Command {
  return new Command()
    .description('Looks whether steps of the course are done, whatever tool did them. Exit 1 when one is not.')
    .argument('[id...]', 'a step (03.1) or a lesson (03); by default the lessons that were begun, or all')
    .addOption(languageOption())
    .option('--json', "as exercism's results.json")
    .action(async (ids: string[], flags: { lang: Language; json?: boolean }) => {
      const reports: Report[] = []
      for (const id of stepsNamed(ids)) reports.push(await checkStep(courseRoot(), id))
      print(flags, resultsOf(reports), () => reports.map(report => styledReport(report, flags.lang)))
      process.exitCode = reports.some(({ finding }) => finding.state === 'fail') ? 1 : 0
    })
}

export function languageOption(): Option {
  return new Option('--lang <language>', 'language of the words').choices(['en', 'zh']).default(languageOf())
}

/** The steps that are meant: one, all of a lesson, or all. Throws `ARGUMENT_INVALID` for what there is not. */
export function stepsNamed(ids: readonly string[]): string[] {
  const wanted = ids.length > 0 ? ids : lessons.map(({ id }) => id)
  return wanted.flatMap(id => (id.includes('.') ? [checkOf(id).check.id] : lessonOf(id).checks.map(({ id }) => id)))
}

/** A report in colour; a step that is not done says how to get on. */
export function styledReport(report: Report, language: Language): string {
  const colour = ({ pass: 'green', fail: 'yellow', skip: 'dim' } as const)[report.finding.state]
  const [heading = '', ...lines] = reportLines(report, language)
  const help = report.finding.state === 'fail' ? [`  → ocilab hint ${report.check.id}`] : []
  return [styleText(colour, heading, { stream: process.stdout }), ...lines, ...help].join('\n')
}
