import { Command } from 'commander'
import { resetStep } from '../lab/course/course.ts'
import { courseRoot } from '../lab/course/place.ts'
import { reset } from '../lab/journal.ts'
import { showUndo } from '../lab/takeBack.ts'
import { print } from './session.ts'

export function command(): Command {
  return new Command()
    .description('Takes back everything a lab has left on this machine, after a crash too; or one step of the course.')
    .argument('[step]', 'only this step of the course: 03.1')
    .option('--id <id>', 'which lab', 'default')
    .option('--json', 'as JSON')
    .action(async (step: string | undefined, flags: { id: string; json?: boolean }) => {
      if (step !== undefined) return oneStep(step, flags)
      const undone = await reset(flags.id)
      print(flags, undone, () =>
        undone.length === 0 ? 'nothing to take back' : undone.map(undo => `took back ${showUndo(undo)}`),
      )
    })
}

async function oneStep(step: string, flags: { json?: boolean }): Promise<void> {
  const removed = await resetStep(courseRoot(), step)
  print(flags, removed, () => [`${step} is undone`, ...removed.map(name => `removed ${name}`)])
}
