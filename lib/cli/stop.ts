import { type Command, InvalidArgumentError } from 'commander'
import { stopRecord } from '../engine/run/end.ts'
import { type HomeFlags, homeCommand, withEach } from './home.ts'

export function command(): Command {
  return homeCommand('Asks containers to end, and makes those that do not (docker stop).')
    .argument('<containers...>')
    .option('-t, --time <seconds>', 'how long they may take', seconds, 10)
    .action((names: string[], flags: HomeFlags & { time: number }) =>
      withEach(flags, names, (home, record, options) =>
        stopRecord(home, record, { ...options, timeout: flags.time * 1000 }),
      ),
    )
}

/** Reads a number of seconds. */
export function seconds(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('want a number of seconds.')
  return Number(text)
}
