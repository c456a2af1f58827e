import { Command } from 'commander'
import { checkStep, giveAnswer } from '../lab/course/course.ts'
import { courseRoot, languageOf } from '../lab/course/place.ts'
import { styledReport } from './check.ts'

export function command(): Command {
  return new Command()
    .description('Answers a question of the course, and looks whether the answer is right.')
    .argument('<id>', 'a step: 03.2')
    .argument('<answer>')
    .action(async (id: string, answer: string) => {
      await giveAnswer(courseRoot(), id, answer)
      const report = await checkStep(courseRoot(), id)
      process.stdout.write(`${styledReport(report, languageOf())}\n`)
      process.exitCode = report.finding.state === 'fail' ? 1 : 0
    })
}
