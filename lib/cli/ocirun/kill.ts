import { killContainer } from '../../runtime/container/end.ts'
import type { Command } from './global.ts'

export const command: Command = {
  flags: { all: 'switch', a: '=all' },
  usage: '[command options] <container-id> [signal]',
  operands: [1, 2],
  run({ flags, operands: [id, signal], global }) {
    killContainer(global.root, id!, signal, { all: flags.all === true })
    return 0
  },
}
