import type { Command } from 'commander'
import { startStopped } from '../engine/run/start.ts'
import { findRecord } from '../engine/run/store.ts'
import { asDocker, type HomeFlags, homeCommand, journaled, withEach } from './home.ts'
import { runInForeground } from './inForeground.ts'

export function command(): Command {
  return homeCommand('Starts containers that have ended, or were never started (docker start).')
    .argument('<containers...>')
    .option('-a, --attach', 'in the foreground')
    .action((names: string[], flags: HomeFlags & { attach?: boolean }) => {
      if (flags.attach && names.length === 1)
        return asDocker(() =>
          journaled(flags, (home, options) => runInForeground(home, findRecord(home, names[0]!), options)),
        )
      const warn = (message: string) => void process.stderr.write(`WARNING: ${message}\n`)
      return withEach(flags, names, (home, record, options) => startStopped(home, record, { ...options, warn }))
    })
}
