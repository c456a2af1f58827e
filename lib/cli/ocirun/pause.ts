import { freezeContainer } from '../../runtime/container/freeze.ts'
import type { Command } from './global.ts'

export const command: Command = {
  flags: {},
  usage: '<container-id>',
  operands: [1, 1],
  run({ operands: [id], global }) {
    freezeContainer(global.root, id!, true)
    return 0
  },
}
