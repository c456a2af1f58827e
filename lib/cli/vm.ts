import { spawn } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { OciError } from '../errors.ts'
import { chooseDoor, VM_ACTIONS, type VmAction } from '../lab/vm/door.ts'

const SAYS: Record<VmAction, string> = {
  up: 'make the machine, or start the one that was made',
  shell: 'a root shell in it',
  lab: 'JupyterLab in it, for the browser of this machine',
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
  const door = chooseDoor({ platform: process.platform, has })
  const folder = fileURLToPath(new URL('../../lab-vm', import.meta.url))
  // The machine is provisioned from the checkout: an installed package has not all that it is made of.
  if (!existsSync(join(folder, 'provision.sh')))
    throw new OciError('ARGUMENT_INVALID', 'vm: works from a checkout of ocilab only', {
      hint: 'git clone it, npm run setup, npx ocilab vm up',
    })
  for (const args of door.commands(action)) {
    process.stderr.write(`$ cd lab-vm && ${[door.program, ...args].join(' ')}\n`)
    const status = await run(door.program, args, folder)
    if (status !== 0)
      throw new OciError('COMMAND_FAILED', `${door.name}: ${door.program} ${args[0]}: exit ${status}`, { got: status })
  }
}

/** The program has the terminal to itself: it asks, and shows its own progress. */
function run(program: string, args: readonly string[], cwd: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, stdio: 'inherit' })
    child.on('error', reject)
    child.on('exit', (code, signal) => resolve(code ?? (signal ? 130 : 1)))
  })
}

function has(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some(folder => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return folder !== ''
    } catch {
      return false
    }
  })
}
