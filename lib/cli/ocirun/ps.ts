import { execFileSync } from 'node:child_process'
import { RuntimeError } from '../../errors.ts'
import { processesIn } from '../../runtime/cgroup/cgroup.ts'
import { loadState } from '../../runtime/container/state.ts'
import { oneOf } from './flags.ts'
import type { Command } from './global.ts'

export const command: Command = {
  flags: { format: 'value', f: '=format' },
  usage: '[command options] <container-id> [ps options]',
  operands: [1, Number.POSITIVE_INFINITY],
  run({ flags, operands: [id, ...options], global }) {
    const format = oneOf(flags, 'format') ?? 'table'
    const pids = processesIn(loadState(global.root, id!).cgroups)
    if (format === 'json') process.stdout.write(`${JSON.stringify(pids)}\n`)
    else if (format === 'table') process.stdout.write(table(pids, options.length ? options : ['-ef']))
    else throw new RuntimeError('ARGUMENT_INVALID', 'invalid format option', { want: 'table or json', got: format })
    return 0
  },
}

/** The lines of ps(1) that are the container's. */
function table(pids: readonly number[], options: readonly string[]): string {
  const [head = '', ...lines] = execFileSync('ps', options, { encoding: 'utf8' }).split('\n')
  const column = head.trim().split(/\s+/).indexOf('PID')
  if (column < 0) throw new RuntimeError('ARGUMENT_INVALID', "couldn't find PID field in ps output", { got: head })
  const ours = lines.filter(line => pids.includes(Number(line.trim().split(/\s+/)[column])))
  return [head, ...ours, ''].join('\n')
}
