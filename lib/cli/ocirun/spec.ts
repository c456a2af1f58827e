import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { writeSpec } from '../../bundle/defaultSpec.ts'
import { oneOf } from './flags.ts'
import type { Command } from './global.ts'

export const command: Command = {
  flags: { bundle: 'value', b: '=bundle', rootless: 'switch' },
  usage: '[command options]',
  operands: [0, 0],
  async run({ flags }) {
    const bundle = oneOf(flags, 'bundle') ?? '.'
    if (existsSync(join(bundle, 'config.json'))) throw new Error('File config.json exists. Remove it first')
    await writeSpec(bundle, { rootless: flags.rootless === true })
    return 0
  },
}
