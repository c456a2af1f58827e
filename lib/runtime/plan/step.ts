/**
 * What native/init can do, one step each. A container is a list of these and nothing else: `initPlan` makes the list,
 * `describeStep` prints it, `encodePlan` hands it over. Numbers are the kernel's own.
 */
export type Step =
  /** Opens a file of the host; `magic`, unless 0, is the file system it must be on. */
  | { op: 'open'; path: string; slot: number; flags: number; magic: number }
  /** What is below `path`, and nothing above it: from a copy of a mount no `..` leads out. */
  | { op: 'tree'; path: string; slot: number }
  /** All slots but these are empty from here on. */
  | { op: 'closeSlots'; keep: number[] }
  /** Nobody in the container may look into this process or take what it has open, until its program runs. */
  | { op: 'undumpable' }
  | { op: 'setns'; slot: number; type: number }
  | { op: 'join'; pid: number; flags: number }
  | { op: 'unshare'; flags: number }
  /** The process of the container begins here; `cgroup`, unless -1, holds the folder of the cgroup2 it begins in. */
  | { op: 'clone'; flags: number; cgroup: number }
  /** The files of v1 cgroups that a process joins by writing 0: opened while the host's files are in sight. */
  | { op: 'openCgroups'; files: string[] }
  | { op: 'enterCgroups'; files: string[] }
  /** Waits for the runtime, which does its part meanwhile; it is told the descriptor that is kept in `slot`, unless -1. */
  | { op: 'sync'; name: SyncPoint; slot: number }
  | { op: 'hostname'; name: string }
  | { op: 'domainname'; name: string }
  | { op: 'loopback' }
  | { op: 'proc'; path: string; value: string }
  | { op: 'propagation'; path: string; recursive: boolean; value: number }
  | { op: 'root'; path: string }
  | MountStep
  | BindStep
  | IdmapStep
  | { op: 'attributes'; path: string; recursive: boolean; set: number; clear: number }
  | { op: 'mask'; path: string; options: string[] }
  | { op: 'readonly'; path: string }
  | { op: 'pivot' }
  | { op: 'moveRoot' }
  | { op: 'chroot'; path: string }
  | { op: 'mkdir'; path: string }
  | { op: 'symlink'; path: string; target: string }
  | { op: 'mknod'; path: string; mode: number; major: number; minor: number; uid: number; gid: number }
  | { op: 'rlimit'; name: string; resource: number; soft: number; hard: number }
  | { op: 'umask'; mask: number }
  | { op: 'scheduler'; attributes: Uint8Array }
  | { op: 'ioPriority'; value: number }
  | { op: 'affinity'; mask: Uint8Array }
  | { op: 'personality'; value: number }
  | { op: 'memoryPolicy'; mode: number; mask: Uint8Array; bits: number }
  | { op: 'keyring'; name: string }
  | { op: 'session' }
  | { op: 'groups'; gids: number[] }
  | { op: 'user'; uid: number; gid: number }
  | { op: 'bounding'; mask: bigint }
  | { op: 'capabilities'; effective: bigint; permitted: bigint; inheritable: bigint }
  | { op: 'ambient'; mask: bigint }
  | { op: 'keepCapabilities'; on: boolean }
  | { op: 'noNewPrivileges' }
  /** A filter that asks somebody has a descriptor for that, which is kept. */
  | { op: 'seccomp'; program: Uint8Array; flags: number }
  | { op: 'chdir'; path: string }
  | { op: 'ownStreams'; uid: number }
  | { op: 'closeFrom'; fd: number }
  /** The kernel ends it when the process that watches over it is gone, and so when the runtime is. */
  | { op: 'endWithKeeper' }
  | { op: 'find'; candidates: string[] }
  | { op: 'connect'; path: string; slot: number }
  | { op: 'consolePair' }
  | { op: 'console'; width: number; height: number; uid: number; bind: boolean }
  | { op: 'deviceProgram'; cgroup: string; program: Uint8Array }
  | { op: 'waitForStart' }
  | { op: 'exec'; candidates: string[]; args: string[]; env: string[] }

/** A file system of its own. `options` are its own, `attributes` are those of every mount. */
export interface MountStep {
  op: 'mount'
  target: string
  type: string
  source: string
  options: string[]
  attributes: number
  propagation: number
  resolve: number
  copyUp: boolean
  /** Its root has the mode of the folder it covers. */
  inheritMode: boolean
}

/** A copy of `source`, in which owners are mapped as in a user namespace; with all that is mounted below it, or without. */
export interface IdmapStep {
  op: 'idmap'
  source: string
  slot: number
  recursive: boolean
  /** Whether what is mounted below it is mapped, too. */
  mapRecursive: boolean
  namespaceSlot: number
}

/** A part of the host's files, seen in the container. `slot`, unless -1, holds the source. */
export interface BindStep {
  op: 'bind'
  target: string
  source: string
  slot: number
  recursive: boolean
  set: number
  clear: number
  recursiveSet: number
  recursiveClear: number
  propagation: number
  propagationRecursive: boolean
  resolve: number
}

/**
 * Where the runtime has something to do in between: `cloned` (id maps, hooks' pid), `mounted` (the hooks before
 * pivot_root), `filtered` (whom the filter asks must be told), `ready` (the state says "created").
 */
export type SyncPoint = 'cloned' | 'mounted' | 'filtered' | 'ready'

/** A step at which nothing is told but that it is reached. */
export const waitAt = (name: SyncPoint): Step => ({ op: 'sync', name, slot: -1 })

/** The slots that have a meaning of their own; those of namespaces and sources come after. */
export const SLOT = {
  proc: 0,
  root: 1,
  console: 2,
  fifo: 3,
  nullDevice: 4,
  listener: 5,
  cgroup: 6,
  descriptors: 7,
  first: 8,
} as const
