import type { LinuxConfig } from '../../spec/linuxConfig.ts'
import { bitMask } from './process.ts'
import type { Step } from './step.ts'

/** What every program in a container is run with, that of an exec too. personality(2), set_mempolicy(2) */
export function executionSteps({ personality, memoryPolicy }: LinuxConfig): Step[] {
  const nodes = memoryPolicy?.nodes ? bitMask(memoryPolicy.nodes) : new Uint8Array()
  return [
    ...(personality ? [{ op: 'personality' as const, value: personality.domain === 'LINUX32' ? 8 : 0 }] : []),
    ...(memoryPolicy
      ? [{ op: 'memoryPolicy' as const, mode: memoryMode(memoryPolicy), mask: nodes, bits: nodes.length * 8 }]
      : []),
  ]
}

export const MEMORY_MODES = [
  ...['MPOL_DEFAULT', 'MPOL_PREFERRED', 'MPOL_BIND', 'MPOL_INTERLEAVE', 'MPOL_LOCAL', 'MPOL_PREFERRED_MANY'],
  'MPOL_WEIGHTED_INTERLEAVE',
]
export const MEMORY_FLAGS = new Map([
  ['MPOL_F_STATIC_NODES', 1 << 15],
  ['MPOL_F_RELATIVE_NODES', 1 << 14],
  ['MPOL_F_NUMA_BALANCING', 1 << 13],
])

/** set_mempolicy(2) */
function memoryMode({ mode, flags = [] }: { mode: string; flags?: string[] }): number {
  return flags.reduce((bits, flag) => bits | (MEMORY_FLAGS.get(flag) ?? 0), MEMORY_MODES.indexOf(mode))
}
