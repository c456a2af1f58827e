import { constants } from 'node:fs'
import { CAPABILITIES } from './capabilities.ts'
import { RDONLY } from './mountOptions.ts'
import { NAMESPACES } from './namespaces.ts'
import type { BindStep, MountStep, Step } from './step.ts'

/** The shell command that a step resembles; for what no shell has a command, the system call. */
export function describeStep(step: Step): string {
  switch (step.op) {
    case 'clone':
      return `unshare ${flagNames(step.flags)} --fork${step.cgroup < 0 ? '' : ' # in its cgroup'}`.replace('  ', ' ')
    case 'unshare':
      return `unshare ${flagNames(step.flags)}`
    case 'join':
      return `nsenter --target ${step.pid} ${flagNames(step.flags)}`
    case 'setns':
      return `setns ${flagNames(step.type)}`
    case 'open':
      return `exec {fd}<${step.path}`
    case 'sync':
      return WAITS[step.name]
    case 'mount':
      return describeMount(step)
    case 'bind':
      return describeBind(step)
    case 'user':
      return `setpriv --reuid ${step.uid} --regid ${step.gid}`
    case 'groups':
      return step.gids.length ? `setpriv --groups ${step.gids.join(',')}` : 'setpriv --clear-groups'
    case 'capabilities':
      return `setpriv --inh-caps ${capabilityNames(step.inheritable)} # effective ${capabilityNames(step.effective)}`
    case 'bounding':
      return `setpriv --bounding-set ${capabilityNames(step.mask)}`
    case 'ambient':
      return `setpriv --ambient-caps ${capabilityNames(step.mask)}`
    case 'exec':
      return `exec ${step.args.join(' ')}`
    default:
      return describeRest(step)
  }
}

type Rest = Exclude<
  Step,
  MountStep | BindStep | { op: 'clone' | 'unshare' | 'join' | 'setns' | 'open' | 'sync' | 'user' | 'groups' | 'exec' }
>

function describeRest(step: Rest): string {
  switch (step.op) {
    case 'tree':
      return `exec {fd}<${step.path}`
    case 'closeSlots':
      return 'exec {fds}>&- # all that was opened of the host'
    case 'undumpable':
      return 'prctl PR_SET_DUMPABLE 0 # nobody in the container may look into this process'
    case 'hostname':
      return `hostname ${step.name}`
    case 'openCgroups':
      return `exec {fds}>${step.files.join(' ')}`
    case 'enterCgroups':
      return `echo 0 | tee ${step.files.join(' ')}`
    case 'domainname':
      return `domainname ${step.name}`
    case 'proc':
      return `echo ${JSON.stringify(step.value)} > /proc/${step.path}`
    case 'propagation':
      return `mount --make-${step.recursive ? 'r' : ''}${propagationName(step.value)} ${step.path}`
    case 'root':
      return `mount --rbind ${step.path} ${step.path}`
    case 'attributes':
      return `mount -o remount,bind,${step.set & RDONLY ? 'ro' : 'rw'} ${step.path}`
    case 'mask':
      return `mount --bind /dev/null ${step.path}`
    case 'readonly':
      return `mount --rbind -o ro ${step.path} ${step.path}`
    case 'idmap':
      return `mount --${step.recursive ? 'r' : ''}bind -o X-mount.idmap=FD ${step.source}`
    case 'pivot':
      return 'pivot_root . . && umount --lazy .'
    case 'moveRoot':
      return 'mount --move . / && chroot .'
    case 'chroot':
      return `chroot ${step.path}`
    case 'mkdir':
      return `mkdir -p ${step.path}`
    case 'symlink':
      return `ln -s ${step.target} ${step.path}`
    case 'mknod':
      return `mknod -m ${(step.mode & 0o7777).toString(8)} ${step.path} ${kindOf(step.mode)} ${step.major} ${step.minor}`
    case 'rlimit':
      return `prlimit --${step.name.slice(7).toLowerCase()}=${step.soft}:${step.hard}`
    case 'umask':
      return `umask ${step.mask.toString(8).padStart(4, '0')}`
    case 'noNewPrivileges':
      return 'setpriv --no-new-privs'
    case 'chdir':
      return `cd ${step.path}`
    case 'loopback':
      return 'ip link set lo up'
    case 'session':
      return 'setsid'
    case 'keyring':
      return `keyctl session ${step.name}`
    case 'seccomp':
      return `seccomp # a filter of ${step.program.length / 8} instructions`
    case 'find':
      return `command -v ${step.candidates.join(' || command -v ')}`
    case 'ownStreams':
      return `chown ${step.uid} /dev/stdin /dev/stdout /dev/stderr`
    case 'closeFrom':
      return `exec ${step.fd}>&- # and all above`
    case 'waitForStart':
      return 'echo > exec.fifo # waits for `ocirun start`'
    case 'console':
      return 'openpty # the new stdin, stdout and stderr'
    default:
      return WORDS[step.op as keyof typeof WORDS] ?? step.op
  }
}

const WAITS = {
  cloned: '# the runtime maps its ids and moves network devices in',
  mounted: '# the runtime runs the hooks prestart, createRuntime and createContainer',
  filtered: '# the runtime hands the descriptor, over which the filter asks, to whoever listens for it',
  ready: '# the runtime writes the state: created',
}

const WORDS = {
  scheduler: 'chrt # sched_setattr',
  ioPriority: 'ionice',
  affinity: 'taskset',
  personality: 'setarch',
  memoryPolicy: 'numactl',
  endWithKeeper: 'setpriv --pdeathsig KILL',
  keepCapabilities: 'setpriv # keeps its capabilities over the change of user',
  connect: 'socat # to the console socket',
  consolePair: 'socketpair # for the terminal',
  deviceProgram: 'bpftool prog load && bpftool cgroup attach # which devices may be used',
}

function describeMount({ type, options, attributes, source, target }: MountStep): string {
  const all = [...attributeNames(attributes), ...options].join(',')
  return `mount -t ${type}${all ? ` -o ${all}` : ''} ${source || type} ${target}`
}

function describeBind({ recursive, set, recursiveSet, source, target }: BindStep): string {
  const all = [...attributeNames(set), ...attributeNames(recursiveSet).map(name => `${name}=recursive`)].join(',')
  return `mount --${recursive ? 'r' : ''}bind${all ? ` -o ${all}` : ''} ${source} ${target}`
}

const ATTRIBUTE_NAMES = ['ro', 'nosuid', 'nodev', 'noexec', 'noatime', 'strictatime', '', 'nodiratime']

function attributeNames(bits: number): string[] {
  return ATTRIBUTE_NAMES.filter((name, bit) => name && bits & (1 << bit))
}

const UNSHARE_WORDS = { network: 'net' } as Record<string, string>

function flagNames(flags: number): string {
  const types = Object.entries(NAMESPACES).filter(([, { flag }]) => flags & flag)
  return types.map(([type]) => `--${UNSHARE_WORDS[type] ?? type}`).join(' ')
}

function propagationName(value: number): string {
  return ['unbindable', 'private', 'slave', 'shared'][Math.log2(value) - 17] ?? String(value)
}

function capabilityNames(mask: bigint): string {
  const names = CAPABILITIES.filter((_, bit) => mask & (1n << BigInt(bit))).map(name => name.slice(4).toLowerCase())
  return names.length ? ['-all', ...names.map(name => `+${name}`)].join(',') : '-all'
}

const KINDS = new Map([
  [constants.S_IFCHR, 'c'],
  [constants.S_IFBLK, 'b'],
  [constants.S_IFIFO, 'p'],
])

function kindOf(mode: number): string {
  return KINDS.get(mode & constants.S_IFMT)!
}
