import type { Command } from 'commander'
import { execInRecord } from '../engine/run/exec.ts'
import { exitCodeOf } from '../engine/run/exitCode.ts'
import { findRecord, homeOf } from '../engine/run/store.ts'
import { OciError } from '../errors.ts'
import { type HomeFlags, homeCommand, several } from './home.ts'
import { report } from './report.ts'

interface ExecFlags extends HomeFlags {
  env?: string[]
  workdir?: string
  user?: string
  interactive?: boolean
  tty?: boolean
}

export function command(): Command {
  return homeCommand('Runs one more program in a container (docker exec).')
    .argument('<container>')
    .argument('<words...>', 'the program and its arguments')
    .passThroughOptions()
    .option('-e, --env <NAME=value>', 'a variable', several)
    .option('-w, --workdir <folder>', 'where it starts')
    .option('-u, --user <user[:group]>', 'who runs it')
    .option('-i, --interactive', 'its stdin is ours')
    .option('-t, --tty', 'with a terminal of its own')
    .action(async (name: string, args: string[], { id, root, tty, ...flags }: ExecFlags) => {
      if (tty && flags.interactive && !process.stdin.isTTY)
        throw new OciError('ARGUMENT_INVALID', 'the input device is not a TTY', { where: '--tty' })
      const home = homeOf(id, root)
      const record = findRecord(home, name)
      try {
        process.exitCode = await execInRecord(home, record, { ...flags, args, terminal: tty })
      } catch (error) {
        report(error)
        const status = exitCodeOf(error)
        process.exitCode = status === 125 ? 1 : status
      }
    })
}
