import { Command } from 'commander'
import { reset } from '../lab/journal.ts'
import { print } from './session.ts'

export function command(): Command {
  return new Command()
    .description('Takes back everything a lab has left on this machine, after a crash too.')
    .option('--id <id>', 'which lab', 'default')
    .option('--json', 'as JSON')
    .action(async (flags: { id: string; json?: boolean }) => {
      const undone = await reset(flags.id)
      print(flags, undone, () =>
        undone.length === 0 ? 'nothing to take back' : undone.map(undo => `took back ${JSON.stringify(undo)}`),
      )
    })
}
