import { Command } from 'commander'
import { type Leak, leaks } from '../lab/leaks.ts'
import { print } from './session.ts'

export function command(): Command {
  return new Command()
    .description('Lists what labs have left on this machine: links, namespaces, mounts, containers, folders.')
    .option('--id <id>', 'only of this lab')
    .option('--json', 'as JSON')
    .action(async (flags: { id?: string; json?: boolean }) => {
      const found = await leaks(flags.id)
      print(flags, found, () => (found.length === 0 ? 'none' : found.map(line)))
      process.exitCode = found.length === 0 ? 0 : 1
    })
}

function line({ what, lab, pid, command }: Leak): string {
  const by = command === undefined ? '' : `, by ${command} (pid ${pid})`
  return `${what}  (lab ${lab}${by})`
}
