import type { Step } from './step.ts'

type Named = { [Op in Step['op']]: readonly Exclude<keyof Extract<Step, { op: Op }>, 'op'>[] }

/** The arguments of each operation, in the order in which native/init/operations.h takes them. */
const ARGUMENTS: Named = {
  open: ['path', 'slot', 'flags', 'magic'],
  setns: ['slot', 'type'],
  join: ['pid', 'flags'],
  unshare: ['flags'],
  clone: ['flags', 'cgroup'],
  openCgroups: ['files'],
  enterCgroups: ['files'],
  sync: ['name', 'slot'],
  hostname: ['name'],
  domainname: ['name'],
  loopback: [],
  proc: ['path', 'value'],
  propagation: ['path', 'recursive', 'value'],
  root: ['path'],
  mount: ['target', 'type', 'source', 'options', 'attributes', 'propagation', 'resolve', 'copyUp'],
  bind: [
    ...(['target', 'source', 'slot', 'recursive', 'set', 'clear', 'recursiveSet', 'recursiveClear'] as const),
    ...(['propagation', 'propagationRecursive', 'resolve'] as const),
  ],
  idmap: ['source', 'slot', 'recursive', 'mapRecursive', 'namespaceSlot'],
  attributes: ['path', 'recursive', 'set', 'clear'],
  mask: ['path', 'options'],
  readonly: ['path'],
  pivot: [],
  moveRoot: [],
  chroot: ['path'],
  mkdir: ['path'],
  symlink: ['path', 'target'],
  mknod: ['path', 'mode', 'major', 'minor', 'uid', 'gid'],
  rlimit: ['name', 'resource', 'soft', 'hard'],
  umask: ['mask'],
  scheduler: ['attributes'],
  ioPriority: ['value'],
  affinity: ['mask'],
  personality: ['value'],
  memoryPolicy: ['mode', 'mask', 'bits'],
  keyring: ['name'],
  session: [],
  groups: ['gids'],
  user: ['uid', 'gid'],
  bounding: ['mask'],
  capabilities: ['effective', 'permitted', 'inheritable'],
  ambient: ['mask'],
  keepCapabilities: ['on'],
  noNewPrivileges: [],
  seccomp: ['program', 'flags'],
  chdir: ['path'],
  ownStreams: ['uid'],
  closeFrom: ['fd'],
  find: ['candidates'],
  connect: ['path', 'slot'],
  consolePair: [],
  console: ['width', 'height', 'uid', 'bind'],
  deviceProgram: ['cgroup', 'program'],
  waitForStart: [],
  exec: ['candidates', 'args', 'env'],
}

type Field = string | number | bigint | boolean | string[] | number[] | Uint8Array

/**
 * The plan as native/init reads it: its length, the number of steps, and of each step the number of its arguments and each
 * argument's length, bytes and a NUL. An argument is a text, a number of 8 bytes, bytes, or texts with a NUL after each.
 */
export function encodePlan(steps: readonly Step[]): Uint8Array {
  const parts: Uint8Array[] = [uint32(steps.length)]
  for (const step of steps) {
    const fields = step as unknown as Record<string, Field>
    const values = [step.op, ...ARGUMENTS[step.op].map(name => fields[name]!)]
    parts.push(uint32(values.length))
    for (const value of values) {
      const bytes = bytesOf(value)
      parts.push(uint32(bytes.length), bytes, NUL)
    }
  }
  const whole = Buffer.concat(parts)
  return Buffer.concat([uint32(whole.length), whole])
}

const NUL = Buffer.alloc(1)

function bytesOf(value: Field): Uint8Array {
  if (value instanceof Uint8Array) return value
  if (typeof value === 'string') return Buffer.from(value)
  if (!Array.isArray(value)) return int64(value)
  if (typeof value[0] === 'number') return Buffer.from(Uint32Array.from(value as number[]).buffer)
  return Buffer.from(value.map(text => `${text}\0`).join(''))
}

// JSON numbers above 2^53 have lost precision when they were read: what is meant by them is "no limit", all ones.
function int64(value: number | bigint | boolean): Uint8Array {
  const bytes = Buffer.alloc(8)
  const whole = typeof value === 'number' && value >= 2 ** 63 ? 2n ** 64n - 1n : BigInt(value)
  bytes.writeBigUInt64LE(BigInt.asUintN(64, whole))
  return bytes
}

function uint32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
