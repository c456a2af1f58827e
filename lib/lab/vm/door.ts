import { OciError } from '../../errors.ts'

/** What can be asked of a lab machine. */
export const VM_ACTIONS = ['up', 'shell', 'lab', 'down'] as const
export type VmAction = (typeof VM_ACTIONS)[number]

/** What the commands depend on. */
export interface Place {
  /** The checkout that the machine is made from: an absolute path. */
  readonly checkout: string
  /** Where JupyterLab is to be on this machine. */
  readonly port: number
  /** Whether the machine was made before. */
  readonly made: boolean
}

/** One way to get the machine of lab-vm/: the program that makes it, and the commands for each action. */
export interface Door {
  readonly name: string
  /** What must be on the PATH. */
  readonly program: string
  readonly get: string
  /** Commands of `program`, one after the other, in the folder lab-vm of a checkout. */
  commands(action: VmAction, place: Place): readonly (readonly string[])[]
  /** A command of `program` that answers 0 when the machine was made before; without it, that makes no difference. */
  readonly isMade?: readonly string[]
}

/** The same port here and in the machine: then the address that JupyterLab tells is the one to open. */
const lab = (port: number) => `ocilab lab --no-browser --port ${port}`

const lima: Door = {
  name: 'Lima',
  program: 'limactl',
  get: 'brew install lima',
  // Lima forwards whatever listens on the machine's own address.
  isMade: ['list', '--quiet', 'ocilab'],
  commands: (action, { checkout, port, made }) =>
    ({
      up: [
        made
          ? ['start', '--tty=false', 'ocilab']
          : ['start', '--tty=false', '--name=ocilab', `--set=.param.repo=${JSON.stringify(checkout)}`, 'lima.yaml'],
      ],
      shell: [['shell', 'ocilab', 'sudo', '-i']],
      lab: [['shell', 'ocilab', 'sudo', '-i', ...lab(port).split(' ')]],
      down: [['stop', 'ocilab']],
    })[action],
}

const vagrant: Door = {
  name: 'Vagrant',
  program: 'vagrant',
  get: 'https://developer.hashicorp.com/vagrant',
  // A machine that was cut off while it was made is provisioned again; one that is whole loses a moment.
  commands: (action, { port }) =>
    ({
      up: [['up', '--provision']],
      shell: [['ssh', '-c', 'sudo -i', '--', '-t']],
      lab: [['ssh', '-c', `sudo -i ${lab(port)}`, '--', '-t', '-L', `127.0.0.1:${port}:127.0.0.1:${port}`]],
      down: [['halt']],
    })[action],
}

/** The disk of qemu is made once, on this machine. */
const qemu: Door = {
  name: 'qemu',
  program: './qemu.sh',
  get: 'apt-get install qemu-system-x86 mmdebstrap openssh-client',
  commands: action =>
    ({ up: [['build', '--once'], ['up']], shell: [['shell']], lab: [['lab']], down: [['down']] })[action],
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
