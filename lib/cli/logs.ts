import { type Command, InvalidArgumentError } from 'commander'
import { readLog } from '../engine/run/log.ts'
import { isOver } from '../engine/run/status.ts'
import { containerPaths, findRecord, homeOf, readRecord } from '../engine/run/store.ts'
import { type HomeFlags, homeCommand } from './home.ts'

interface LogFlags extends HomeFlags {
  follow?: boolean
  tail?: number
  timestamps?: boolean
}

export function command(): Command {
  return homeCommand('Shows what a container has said (docker logs).')
    .argument('<container>')
    .option('-f, --follow', 'and what it will say')
    .option('-n, --tail <lines>', 'only the last lines', count)
    .option('-t, --timestamps', 'with the time of each line')
    .action(async (name: string, { id, root, follow, tail, timestamps }: LogFlags) => {
      const home = homeOf(id, root)
      const record = findRecord(home, name)
      const ended = () => isOver(home, readRecord(home, record.id))
      for await (const { log, stream, time } of readLog(containerPaths(home, record.id).log, { follow, tail, ended }))
        process[stream].write(timestamps ? `${time} ${log}` : log)
      if (readRecord(home, record.id)?.logGap)
        process.stderr.write('WARNING: what it said then is missing: there was no room for it\n')
    })
}

function count(text: string): number | undefined {
  if (text === 'all') return undefined
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('want a number of lines, or all.')
  return Number(text)
}
