import type { Command } from 'commander'
import { killRecord } from '../engine/run/end.ts'
import { type HomeFlags, homeCommand, withEach } from './home.ts'

export function command(): Command {
  return homeCommand('Sends a signal to containers (docker kill).')
    .argument('<containers...>')
    .option('-s, --signal <signal>', 'which', 'KILL')
    .action((names: string[], flags: HomeFlags & { signal: string }) =>
      withEach(flags, names, (home, record) => killRecord(home, record, flags.signal)),
    )
}
