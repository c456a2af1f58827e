import { planOf } from '../../runtime/container/planOf.ts'
import { describeStep } from '../../runtime/plan/describe.ts'
import { bundleOf } from './bundle.ts'
import type { Command } from './global.ts'

export const command: Command = {
  flags: { bundle: 'value', b: '=bundle', json: 'switch' },
  usage: '[command options]',
  operands: [0, 1],
  async run({ flags, operands: [id = 'container'], global }) {
    const { bundle, config } = bundleOf(flags, global)
    const steps = await planOf({ path: bundle, config }, { id, root: global.root })
    const width = String(steps.length).length
    const lines = flags.json
      ? [JSON.stringify(steps, plainly, 2)]
      : steps.map((step, i) => `${String(i + 1).padStart(width)}  ${describeStep(step)}`)
    process.stdout.write(`${lines.join('\n')}\n`)
    return 0
  },
}

/** What JSON has no word for: sets of bits in hexadecimal, programs by their length. */
function plainly(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `0x${value.toString(16)}`
  if (value instanceof Uint8Array) return `${value.length} bytes`
  return value
}
