import type { Step } from './step.ts'

type Named = { [Op in Step['op']]: readonly Exclude<keyof Extract<Step, { op: Op }>, 'op'>[] }

/** The arguments of each operation, in the order in which native/init/operations.h takes them. */
const ARGUMENTS: Named = {
  open: ['path', 'slot', 'flags', 'magic'],
  tree: ['path', 'slot'],
  closeSlots: ['keep'],
  undumpable: [],
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
  mount: ['target', 'type', 'source', 'options', 'attributes', 'propagation', 'resolve', 'copyUp', 'inheritMode'],
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
  endWithKeeper: [],
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
  const plan = new PlanBytes()
  plan.count(steps.length)
  for (const step of steps) {
    const fields = step as unknown as Record<string, Field>
    const names = ARGUMENTS[step.op]
    plan.count(names.length + 1)
    plan.argument(step.op)
    for (const name of names) plan.argument(fields[name]!)
  }
  return plan.whole()
}

/** One buffer that grows: a plan has five hundred arguments, and a buffer for each of them took 3 ms. */
class PlanBytes {
  #bytes = Buffer.alloc(32 << 10)
  #view = viewOf(this.#bytes)
  /** After the place for the whole length. */
  #end = 4

  count(value: number): void {
    this.#room(4)
    this.#view.setUint32(this.#end, value, true)
    this.#end += 4
  }

  argument(value: Field): void {
    const head = this.#end
    this.count(0)
    if (typeof value === 'string') this.#text(value)
    else if (value instanceof Uint8Array) this.#put(value)
    else if (Array.isArray(value)) for (const item of value) this.#item(item)
    else this.#number(value)
    this.#view.setUint32(head, this.#end - head - 4, true)
    this.#nul()
  }

  whole(): Uint8Array {
    this.#view.setUint32(0, this.#end - 4, true)
    return this.#bytes.subarray(0, this.#end)
  }

  #item(value: string | number): void {
    if (typeof value === 'number') this.count(value)
    else {
      this.#text(value)
      this.#nul()
    }
  }

  #text(value: string): void {
    // A character of UTF-16 has at most three bytes in UTF-8.
    this.#room(value.length * 3)
    this.#end += this.#bytes.write(value, this.#end)
  }

  #put(value: Uint8Array): void {
    this.#room(value.length)
    this.#bytes.set(value, this.#end)
    this.#end += value.length
  }

  // JSON numbers above 2^53 have lost precision when they were read: what is meant by them is "no limit", all ones.
  #number(value: number | bigint | boolean): void {
    this.#room(8)
    const whole = typeof value === 'number' && value >= 2 ** 63 ? 2n ** 64n - 1n : BigInt(value)
    this.#view.setBigUint64(this.#end, whole, true)
    this.#end += 8
  }

  #nul(): void {
    this.#room(1)
    this.#view.setUint8(this.#end++, 0)
  }

  #room(length: number): void {
    if (this.#end + length <= this.#bytes.length) return
    this.#bytes = Buffer.concat([this.#bytes], 2 * this.#bytes.length + length)
    this.#view = viewOf(this.#bytes)
  }
}

function viewOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length)
}
