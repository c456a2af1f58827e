import { features } from '../../runtime/features.ts'
import type { Command } from './global.ts'

/** features.md of the runtime-spec. ≙ `runc features` */
export const command: Command = {
  flags: {},
  usage: '',
  operands: [0, 0],
  run() {
    process.stdout.write(`${JSON.stringify(features(), null, 4)}\n`)
    return 0
  },
}
