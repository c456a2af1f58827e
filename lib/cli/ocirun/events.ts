import { setTimeout as sleep } from 'node:timers/promises'
import { RuntimeError } from '../../errors.ts'
import { cgroupStats, oomKills } from '../../runtime/cgroup/stats.ts'
import { loadState, statePaths, statusOf } from '../../runtime/container/state.ts'
import { oneOf } from './flags.ts'
import type { Command } from './global.ts'

export const command: Command = {
  flags: { interval: 'value', stats: 'switch' },
  usage: '[command options] <container-id>',
  operands: [1, 1],
  async run({ flags, operands: [id], global }) {
    const every = milliseconds(oneOf(flags, 'interval') ?? '5s')
    const saved = loadState(global.root, id!)
    const status = () => statusOf(saved, statePaths(global.root, id!).fifo)
    if (status() === 'stopped')
      throw new RuntimeError('CONTAINER_WRONG_STATUS', `container with id ${id} is not running`, { got: 'stopped' })
    const say = (event: object) => process.stdout.write(`${JSON.stringify(event)}\n`)
    const stats = () => say({ type: 'stats', id, data: cgroupStats(saved.cgroups) })
    if (flags.stats) {
      stats()
      return 0
    }
    for (let killed = oomKills(saved.cgroups); status() !== 'stopped'; await sleep(every)) {
      const now = oomKills(saved.cgroups)
      if (now > killed) say({ type: 'oom', id })
      killed = now
      stats()
    }
    return 0
  },
}

const UNITS = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
])

/** A duration as Go writes it: `1m30s`. Throws `ARGUMENT_INVALID`. */
function milliseconds(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)]
  const total = parts.reduce((sum, [, number, unit]) => sum + Number(number) * UNITS.get(unit!)!, 0)
  if (parts.map(([part]) => part).join('') === text && total > 0) return total
  throw new RuntimeError('ARGUMENT_INVALID', `invalid duration ${JSON.stringify(text)} for -interval`, { got: text })
}
