import { loadState, publicState, statePaths, statusOf } from '../../runtime/container/state.ts'
import type { Command } from './global.ts'

export const command: Command = {
  flags: {},
  usage: '<container-id>',
  operands: [1, 1],
  run({ operands: [id], global }) {
    const saved = loadState(global.root, id!)
    const state = publicState(saved, statusOf(saved, statePaths(global.root, id!).fifo))
    process.stdout.write(JSON.stringify(state, null, 2))
    return 0
  },
}
