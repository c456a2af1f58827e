import { OciError } from '../../errors.ts'

/** What can be asked of a lab machine. */
export const VM_ACTIONS = ['up', 'shell', 'lab', 'down'] as const
export type VmAction = (typeof VM_ACTIONS)[number]

/** One way to get the machine of lab-vm/: the program that makes it, and the commands for each action. */
export interface Door {
  readonly name: string
  /** What must be on the PATH. */
  readonly program: string
  readonly get: string
  /** Commands of `program`, one after the other, in the folder lab-vm of a checkout. */
  commands(action: VmAction): readonly (readonly string[])[]
}

const LAB = 'ocilab lab --no-browser --port 8888'

const lima: Door = {
  name: 'Lima',
  program: 'limactl',
  get: 'brew install lima',
  commands: action =>
    ({
      up: [['start', '--name=ocilab', '--tty=false', '--set=.param.repo=".."', 'lima.yaml']],
      shell: [['shell', 'ocilab', 'sudo', '-i']],
      lab: [['shell', 'ocilab', 'sudo', '-i', ...LAB.split(' ')]],
      down: [['stop', 'ocilab']],
    })[action],
}

const vagrant: Door = {
  name: 'Vagrant',
  program: 'vagrant',
  get: 'https://developer.hashicorp.com/vagrant',
  commands: action =>
    ({
      up: [['up']],
      shell: [['ssh', '-c', 'sudo -i', '--', '-t']],
      lab: [['ssh', '-c', `sudo -i ${LAB}`, '--', '-t']],
      down: [['halt']],
    })[action],
}

/** The disk of qemu is made once, on this machine. */
const qemu: Door = {
  name: 'qemu',
  program: './qemu.sh',
  get: 'apt-get install qemu-system-x86 qemu-system-common mmdebstrap',
  commands: action =>
    ({ up: [['build', '--once'], ['up']], shell: [['shell']], lab: [['shell', LAB]], down: [['down']] })[action],
}

/** The first door that is there: Lima, Vagrant, and on Linux plain qemu. Throws `TOOL_MISSING` with how to get one. */
export function chooseDoor(here: { platform: NodeJS.Platform; has(program: string): boolean }): Door {
  if (here.has(lima.program)) return lima
  if (here.has(vagrant.program)) return vagrant
  const onLinux = here.platform === 'linux'
  if (onLinux && (here.has('qemu-system-x86_64') || here.has('qemu-system-aarch64'))) return qemu
  const wanted = onLinux ? [qemu, vagrant] : [lima, vagrant]
  throw new OciError('TOOL_MISSING', 'vm: nothing here makes a machine (want Lima, Vagrant or, on Linux, qemu)', {
    want: wanted.map(door => door.program),
    hint: wanted.map(door => `${door.name}: ${door.get}`).join('; '),
  })
}
