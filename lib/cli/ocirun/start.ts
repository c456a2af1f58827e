import { startContainer } from '../../runtime/container/start.ts'
import type { Command } from './global.ts'

export const command: Command = {
  flags: {},
  usage: '<container-id>',
  operands: [1, 1],
  async run({ operands: [id], global }) {
    await startContainer(global.root, id!)
    return 0
  },
}
