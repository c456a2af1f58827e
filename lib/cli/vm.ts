import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { Command } from 'commander'
import { OciError } from '../errors.ts'
import { chooseDoor, VM_ACTIONS, type VmAction } from '../lab/vm/door.ts'
import { isFree } from '../lab/vm/freePort.ts'
import { inTerminal, labVm } from './labVm.ts'

const SAYS: Record<VmAction, string> = {
  up: 'make the machine, or start the one that was made',
  shell: 'a root shell in it',
  lab: 'JupyterLab in it, for the browser of this machine, on port LAB_PORT (8888)',
  down: 'stop it; what was made is kept',
}

export function command(): Command {
  const vm = new Command().description(
    'A root Linux machine for the second half of the article, by Lima, Vagrant or qemu: whichever is here.',
  )
  for (const action of VM_ACTIONS)
    vm.addCommand(new Command(action).description(SAYS[action]).action(() => through(action)))
  return vm
}

async function through(action: VmAction): Promise<void> {
  const cwd = labVm('vm')
  const port = labPort(process.env.LAB_PORT ?? '8888')
  const door = chooseDoor({ platform: process.platform, has })
  if (action === 'lab' && !(await isFree(port)))
    throw new OciError('ADDRESS_IN_USE', `127.0.0.1:${port}: taken by another program`, {
      want: port,
      hint: `LAB_PORT=${port + 1} npx ocilab vm lab`,
    })
  const made = door.isMade !== undefined && spawnSync(door.program, door.isMade, { stdio: 'ignore' }).status === 0
  for (const args of door.commands(action, { checkout: dirname(cwd), port, made })) {
    process.stderr.write(`$ cd lab-vm && ${[door.program, ...args].join(' ')}\n`)
    const status = await inTerminal(door.program, args, { cwd })
    // A shell that ends as its last command did has not failed.
    if (action === 'shell') process.exitCode = status
    else if (status !== 0)
      throw new OciError('COMMAND_FAILED', `${door.name}: ${door.program} ${args[0]}: exit ${status}`, { got: status })
  }
}

function labPort(text: string): number {
  const port = Number(text)
  if (Number.isInteger(port) && port > 1023 && port < 65536) return port
  throw new OciError(
    'ARGUMENT_INVALID',
    `LAB_PORT: not a port for it (want 1024 to 65535, got ${JSON.stringify(text)})`,
    {
      want: '1024 to 65535',
      got: text,
    },
  )
}

function has(program: string): boolean {
  const name = process.platform === 'win32' ? `${program}.exe` : program
  return (process.env.PATH ?? '').split(delimiter).some(folder => {
    try {
      accessSync(join(folder, name), constants.X_OK)
      return folder !== ''
    } catch {
      return false
    }
  })
}
