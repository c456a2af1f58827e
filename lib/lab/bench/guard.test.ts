import { expect, it } from 'vitest'
import { isFarOff } from './guard.ts'

const figures = (...runs: number[]) => ({ name: 'x', wall: 0, cpu: 0, peak: 0, runs })
const measured = (ours: number[], theirs: number[][], more: { goal: number; today?: number }) => ({
  ...{ name: 'x', ratio: 0, ours: figures(...ours), peers: theirs.map(runs => figures(...runs)) },
  ...more,
})

it.each([
  ['twice the goal', measured([10], [[10]], { goal: 0.5 }), false],
  ['more than that', measured([10.1], [[10]], { goal: 0.5 }), true],
  ['more than that, and so it is today', measured([10.1], [[10]], { goal: 0.5, today: 1 }), false],
  ['twice as long as today', measured([21], [[10]], { goal: 0.5, today: 1 }), true],
  ['no worse than its goal, whatever is today', measured([19], [[10]], { goal: 1, today: 0.5 }), false],
  ['one good run among bad ones', measured([90, 9, 80], [[10, 11, 12]], { goal: 0.5 }), false],
  ['slow beside the fastest of the peers', measured([15], [[100], [10]], { goal: 0.5 }), true],
])('the guard and what takes %s', (_what, one, told) => expect(isFarOff(one)).toBe(told))
