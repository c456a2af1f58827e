import { execFileSync } from 'node:child_process'
import { RuntimeError } from '../../errors.ts'
import { knownIds, loadState, ownerOf, publicState, statePaths, statusOf } from '../../runtime/container/state.ts'
import type { ContainerState } from '../../spec/runtimeConfig.ts'
import { oneOf } from './flags.ts'
import type { Command } from './global.ts'
import { logLine } from './log.ts'
import { tabulate } from './table.ts'

export const command: Command = {
  flags: { format: 'value', f: '=format', quiet: 'switch', q: '=quiet' },
  usage: '[command options]',
  operands: [0, 0],
  run({ flags, global }) {
    const format = oneOf(flags, 'format') ?? 'table'
    if (format !== 'table' && format !== 'json')
      throw new RuntimeError('ARGUMENT_INVALID', 'invalid format option', { want: 'table or json', got: format })
    const states = knownIds(global.root).flatMap(id => stateOf(global.root, id))
    if (flags.quiet) process.stdout.write(states.map(({ id }) => `${id}\n`).join(''))
    else if (format === 'json') process.stdout.write(`${states.length ? JSON.stringify(states) : 'null'}\n`)
    else {
      const rows = states.map(state => [
        state.id,
        `${state.pid}`,
        state.status,
        state.bundle,
        state.created!,
        state.owner!,
      ])
      process.stdout.write(tabulate([['ID', 'PID', 'STATUS', 'BUNDLE', 'CREATED', 'OWNER'], ...rows]))
    }
    return 0
  },
}

/** One that cannot be read is no reason not to show the others. */
function stateOf(root: string, id: string): ContainerState[] {
  try {
    const saved = loadState(root, id)
    return [{ ...publicState(saved, statusOf(saved, statePaths(root, id).fifo)), owner: userName(ownerOf(root, id)) }]
  } catch (error) {
    process.stderr.write(`${logLine(`load container ${id}: ${(error as Error).message}`, 'text')}\n`)
    return []
  }
}

function userName(uid: number): string {
  if (uid === 0) return 'root'
  try {
    return execFileSync('getent', ['passwd', String(uid)], { encoding: 'utf8' }).split(':')[0]!
  } catch {
    return `#${uid}`
  }
}
