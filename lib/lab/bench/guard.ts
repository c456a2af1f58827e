import type { Figures, Measured } from './measure.ts'

const FAR_OFF = 2

/**
 * Whether something has gone wrong, and not just the machine been busy: ours takes twice its goal, or twice what it takes
 * today. Of both the best run counts, for it was disturbed least.
 */
export function isFarOff({ goal, today = goal, ours, peers }: Measured): boolean {
  const ratio = best(ours) / Math.min(...peers.map(best))
  return ratio > FAR_OFF * Math.max(goal, today)
}

function best({ runs }: Figures): number {
  return Math.min(...runs)
}
