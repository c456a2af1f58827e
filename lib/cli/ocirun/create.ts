import { createContainer } from '../../runtime/container/create.ts'
import { bundleOf, CREATE_FLAGS, createOptions } from './bundle.ts'
import { failing } from './failing.ts'
import type { Command } from './global.ts'

export const command: Command = {
  flags: CREATE_FLAGS,
  usage: '[command options] <container-id>',
  operands: [1, 1],
  async run({ flags, operands: [id], global }) {
    await failing('create', async () => {
      const options = createOptions(flags, global)
      const { bundle, config } = bundleOf(flags, global)
      await createContainer(id!, bundle, config, { ...options, detached: true })
    })
    return 0
  },
}
