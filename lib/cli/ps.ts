import type { Command } from 'commander'
import { inspectRecord } from '../engine/run/inspect.ts'
import { type ContainerRecord, shortId } from '../engine/run/record.ts'
import { isUp, type Status, statusOf } from '../engine/run/status.ts'
import { homeOf, listRecords } from '../engine/run/store.ts'
import { ago, portWords, statusWords } from '../engine/run/words.ts'
import { columns } from './columns.ts'
import { type HomeFlags, homeCommand } from './home.ts'
import { print } from './session.ts'

interface PsFlags extends HomeFlags {
  all?: boolean
  quiet?: boolean
  trunc: boolean
  json?: boolean
}

export function command(): Command {
  return homeCommand('Lists containers (docker ps).')
    .option('-a, --all', 'those that have ended, too')
    .option('-q, --quiet', 'only their ids')
    .option('--no-trunc', 'ids and commands at full length')
    .option('--json', 'as JSON, as inspect has it')
    .action((flags: PsFlags) => {
      const home = homeOf(flags.id, flags.root)
      const all = listRecords(home).map(record => ({ record, status: statusOf(home, record) }))
      const shown = all.filter(({ status }) => flags.all || isUp(status))
      const id = (record: ContainerRecord) => (flags.trunc ? shortId(record) : record.id)
      print(
        flags,
        shown.map(({ record }) => inspectRecord(home, record)),
        () => (flags.quiet ? shown.map(({ record }) => id(record)) : table(shown, flags.trunc, id)),
      )
    })
}

function table(
  shown: { record: ContainerRecord; status: Status }[],
  truncate: boolean,
  id: (record: ContainerRecord) => string,
): string[] {
  return columns([
    ['CONTAINER ID', 'IMAGE', 'COMMAND', 'CREATED', 'STATUS', 'PORTS', 'NAMES'],
    ...shown.map(({ record, status }) => [
      ...[id(record), record.image, commandOf(record, truncate), ago(record.created)],
      ...[statusWords(status), portWords(record.wiring?.published), record.name],
    ]),
  ])
}

function commandOf({ args }: ContainerRecord, truncate: boolean): string {
  const whole = args.join(' ')
  return `"${truncate && whole.length > 20 ? `${whole.slice(0, 19)}…` : whole}"`
}
