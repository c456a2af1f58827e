import { Command } from 'commander'
import type { Language } from '../lab/claim.ts'
import { lessonOf } from '../lab/course/course.ts'
import { lessons } from '../lab/course/lessons/all.ts'
import { courseRoot } from '../lab/course/place.ts'
import { watchLessons } from '../lab/course/watch.ts'
import { languageOption, styledReport } from './check.ts'
import { session } from './session.ts'

export function command(): Command {
  return new Command()
    .description(
      'Looks at the next step that is not done, again and again, while you work on it. Ends when all are done.',
    )
    .argument('[lesson...]', 'lessons (03); all by default')
    .addOption(languageOption())
    .action(async (names: string[], { lang }: { lang: Language }) => {
      const watched = names.length > 0 ? names.map(lessonOf) : lessons
      await session({ quiet: true }, async ({ signal }) => {
        for await (const report of watchLessons(courseRoot(), watched, { signal }))
          process.stdout.write(`${styledReport(report, lang)}\n\n`)
      })
    })
}
