import type { Command } from 'commander'
import { removeRecord } from '../engine/run/end.ts'
import { type HomeFlags, homeCommand, withEach } from './home.ts'

export function command(): Command {
  return homeCommand('Removes containers with all they had (docker rm).')
    .argument('<containers...>')
    .option('-f, --force', 'those that run, too; one that is gone is fine')
    .action((names: string[], flags: HomeFlags & { force?: boolean }) =>
      withEach(flags, names, (home, record, options) => removeRecord(home, record, { ...options, force: flags.force })),
    )
}
