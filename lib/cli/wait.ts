import type { Command } from 'commander'
import { waitFor } from '../engine/run/end.ts'
import { findRecord, homeOf } from '../engine/run/store.ts'
import { type HomeFlags, homeCommand } from './home.ts'

export function command(): Command {
  return homeCommand('Waits until containers have ended, and prints their exit codes (docker wait).')
    .argument('<containers...>')
    .action(async (names: string[], { id, root }: HomeFlags) => {
      const home = homeOf(id, root)
      for (const record of names.map(name => findRecord(home, name)))
        process.stdout.write(`${await waitFor(home, record)}\n`)
    })
}
