import type { Figures, Measured } from './measure.ts'

const COLUMNS = ['wall, ms', 'cpu, ms', 'peak, MB', 'ratio', 'goal'] as const
const NAME = 34
const WIDTH = 10

export const tableHead = `${''.padEnd(NAME)}${COLUMNS.map(name => name.padStart(WIDTH)).join('')}\n`

/** One comparison as lines of the table. */
export function tableRows({ name, ours, peers, ratio, goal }: Measured): string {
  const met = ratio <= goal ? '✔' : '✘'
  return [
    name,
    row(ours, [`${ratio.toFixed(2)} ×`, `≤ ${Number(goal.toFixed(2))} ${met}`]),
    ...peers.map(peer => row(peer, [])),
    '',
  ].join('\n')
}

function row({ name, wall, cpu, peak }: Figures, rest: string[]): string {
  const cells = [wall.toFixed(wall < 100 ? 1 : 0), cpu.toFixed(cpu < 100 ? 1 : 0), (peak / 1e6).toFixed(0), ...rest]
  return `  ${name.padEnd(NAME - 2)}${cells.map(cell => cell.padStart(WIDTH)).join('')}`
}
