import { dirname, join } from 'node:path'
import { Command, Option } from 'commander'
import { OciError } from '../errors.ts'
import { inTerminal, labVm } from './labVm.ts'

export function command(): Command {
  return new Command()
    .description(
      'One archive with all that a lab machine is made of, for a room without Wi-Fi: the checkout, npm packages, wheels, Debian packages, demo images. Nothing is installed here.',
    )
    .argument('[file]', 'by default ocilab-SUITE-ARCHITECTURE.tar')
    .addOption(new Option('--suite <suite>', 'for machines with this Debian').choices(['bookworm', 'trixie']))
    .addHelpText('after', '\nThere: tar -xf FILE && sudo ocilab/lab-vm/provision.sh')
    .action(async (file: string | undefined, { suite }: { suite?: string }) => {
      // The Node and the npm that run this, not older ones of the machine.
      const path = `${dirname(process.execPath)}:${process.env.PATH}`
      const env = { ...process.env, PATH: path, ...(suite ? { SUITE: suite } : {}) }
      const status = await inTerminal(join(labVm('pack'), 'pack.sh'), file ? [file] : [], { env })
      if (status !== 0) throw new OciError('COMMAND_FAILED', `pack: pack.sh: exit ${status}`, { got: status })
    })
}
