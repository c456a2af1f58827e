import { isOciError } from '../../errors.ts'
import { deleteContainer } from '../../runtime/container/end.ts'
import type { Command } from './global.ts'
import { warn } from './log.ts'

export const command: Command = {
  flags: { force: 'switch', f: '=force' },
  usage: '[command options] <container-id>',
  operands: [1, 1],
  async run({ flags, operands: [id], global }) {
    const force = flags.force === true
    try {
      await deleteContainer(global.root, id!, { force, warn: message => warn(message, global) })
    } catch (error) {
      if (!force || !isOciError(error, 'CONTAINER_UNKNOWN')) throw error
    }
    return 0
  },
}
