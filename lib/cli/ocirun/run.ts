import { createContainer } from '../../runtime/container/create.ts'
import { deleteContainer } from '../../runtime/container/end.ts'
import { startContainer } from '../../runtime/container/start.ts'
import { bundleOf, CREATE_FLAGS, createOptions } from './bundle.ts'
import { failing } from './failing.ts'
import { forwardSignals } from './foreground.ts'
import type { Command } from './global.ts'
import { warn } from './log.ts'

export const command: Command = {
  flags: { ...CREATE_FLAGS, detach: 'switch', d: '=detach', keep: 'switch', 'no-subreaper': 'switch' },
  usage: '[command options] <container-id>',
  operands: [1, 1],
  async run({ flags, operands: [id], global }) {
    const detach = flags.detach === true
    const carried = await failing('run', async () => {
      const options = createOptions(flags, global)
      const { bundle, config } = bundleOf(flags, global)
      const lent = config.process?.terminal && !detach && !options.console ? ('keeper' as const) : options.console
      const made = await createContainer(id!, bundle, config, { ...options, console: lent, detached: detach })
      try {
        await startContainer(global.root, id!)
      } catch (error) {
        await deleteContainer(global.root, id!, { force: true, warn: message => warn(message, global) })
        throw error
      }
      return made.carried
    })
    if (detach) return 0
    const stop = forwardSignals(carried.pid)
    const status = await carried.exited()
    stop()
    if (!flags.keep) await deleteContainer(global.root, id!, { force: true, warn: message => warn(message, global) })
    return status
  },
}
