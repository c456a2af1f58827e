import { constants } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { sysctlPath } from '../../spec/runtime/sysctl.ts'
import type { RuntimeConfig } from '../../spec/runtimeConfig.ts'
import { type CgroupEntrance, cloneIntoCgroups, openCgroups } from './cgroups.ts'
import { deviceSteps } from './devices.ts'
import { executionSteps } from './execution.ts'
import { idmapSteps } from './idmaps.ts'
import { PROPAGATION, RDONLY } from './mountOptions.ts'
import { type MountPlace, mountSteps } from './mounts.ts'
import { cloneFlags, joinNamespaces, lateNamespaces, NAMESPACES } from './namespaces.ts'
import { closeHostFiles, type ProcessPlace, processSteps } from './process.ts'
import { SLOT, type Step, waitAt } from './step.ts'

/** All that the plan of a container depends on beside its config.json. Plain values: a plan is made without touching anything. */
export interface InitPlace extends MountPlace, ProcessPlace {
  /** Whether we are root where the container is started from. */
  privileged: boolean
  /** What `start` opens. */
  fifo?: string
  /** Where the terminal goes: to a socket, or to whoever keeps watch. */
  console?: { socket: string } | 'keeper'
  /** The mount point that the rootfs is below, when mounts are shared with the host. */
  parentMount?: string
  entrance: CgroupEntrance
  noPivot: boolean
  noKeyring: boolean
  id: string
  /** For each mount whose owners are mapped a user namespace with that mapping. */
  idmaps: readonly string[]
  deviceProgram?: { cgroup: string; program: Uint8Array }
}

const O_PATH = 0o10000000
const PROC_MAGIC = 0x9fa0

/** A container, as the list of what is done one after the other. Pure. runtime.md § Lifecycle, steps 2 to 9 */
export function initPlan(config: RuntimeConfig, place: InitPlace): Step[] {
  const { linux = {}, process } = config
  const namespaces = linux.namespaces ?? []
  const userNamespace = namespaces.some(({ type }) => type === 'user')
  // Without a process there is a container all the same; only start will have nothing to run in it.
  const { before, last } = process ? processSteps(process, place) : { before: closeHostFiles(), last: [] }
  return [
    ...outside(config, place),
    ...cloneIntoCgroups(cloneFlags(namespaces), place.entrance),
    ...joinNamespaces(namespaces, place.privileged).inCgroup,
    waitAt('cloned'),
    ...hostFiles(config, place),
    { op: 'session' },
    ...(place.noKeyring ? [] : [{ op: 'keyring' as const, name: `_ses.${place.id}` }]),
    // Before the change of user: after it, these files of its own would be root's.
    ...late(config),
    ...(namespaces.some(({ type, path }) => type === 'network' && path === undefined)
      ? [{ op: 'loopback' as const }]
      : []),
    ...(userNamespace
      ? [...(place.setGroups ? [{ op: 'groups' as const, gids: [] }] : []), { op: 'user' as const, uid: 0, gid: 0 }]
      : []),
    ...files(config, place, userNamespace),
    ...kernelSettings(config),
    ...before,
    waitAt('ready'),
    ...(place.fifo ? [{ op: 'waitForStart' as const }] : []),
    ...last,
  ]
}

/** Before the container's process exists. */
function outside(config: RuntimeConfig, place: InitPlace): Step[] {
  // Before anything is joined: there we may be less.
  const steps = idmapSteps(config, place.bundle, place.idmaps)
  steps.push(...openCgroups(place.entrance))
  steps.push(...joinNamespaces(config.linux?.namespaces ?? [], place.privileged).outside)
  if (place.deviceProgram) steps.push({ op: 'deviceProgram', ...place.deviceProgram })
  if (place.console === 'keeper') steps.push({ op: 'consolePair' })
  else if (place.console) steps.push({ op: 'connect', path: place.console.socket, slot: SLOT.console })
  return steps
}

/** What is opened now is the host's for certain: nothing of the image is mounted yet. */
function hostFiles({ linux }: RuntimeConfig, { fifo, privileged }: InitPlace): Step[] {
  const flags = O_PATH
  const ownMounts = linux?.namespaces?.some(({ type }) => type === 'mount')
  const own = { path: '/proc/self/fd', slot: SLOT.descriptors }
  return [
    // Of an ordinary user's container whoever made it must be let in, and is nobody special.
    ...(privileged ? [{ op: 'undumpable' as const }] : []),
    { op: 'open', path: '/proc', slot: SLOT.proc, flags: flags | constants.O_DIRECTORY, magic: PROC_MAGIC },
    { op: 'open', path: '/dev/null', slot: SLOT.nullDevice, flags, magic: 0 },
    ...(fifo ? [{ op: 'open' as const, path: fifo, slot: SLOT.fifo, flags, magic: 0 }] : []),
    // The fifo is opened by way of this. From a /proc kept open for that, who got at it would be out on the host.
    ownMounts
      ? { op: 'tree', ...own }
      : { op: 'open', ...own, flags: flags | constants.O_DIRECTORY, magic: PROC_MAGIC },
  ]
}

/** Namespaces that are made only now: in its cgroup, and with the offsets of its clocks. time_namespaces(7) */
function late({ linux = {} }: RuntimeConfig): Step[] {
  const steps: Step[] = []
  for (const type of lateNamespaces(linux.namespaces ?? [])) {
    steps.push({ op: 'unshare', flags: NAMESPACES[type].flag })
    if (type !== 'time') continue
    const offsets = Object.entries(linux.timeOffsets ?? {})
    if (offsets.length > 0)
      steps.push({
        ...{ op: 'proc', path: 'self/timens_offsets' },
        value: offsets.map(([clock, { secs = 0, nanosecs = 0 }]) => `${clock} ${secs} ${nanosecs}\n`).join(''),
      })
    const slot = SLOT.first + 14
    steps.push({ op: 'open', path: '/proc/self/ns/time_for_children', slot, flags: 0, magic: 0 })
    steps.push({ op: 'setns', slot, type: NAMESPACES.time.flag })
  }
  return steps
}

/** The files a container sees, up to the moment when there are no others. */
function files(config: RuntimeConfig, place: InitPlace, userNamespace: boolean): Step[] {
  const { linux = {}, mounts = [], process } = config
  const rootfs = isAbsolute(config.root!.path) ? config.root!.path : join(place.bundle, config.root!.path)
  if (!linux.namespaces?.some(({ type }) => type === 'mount'))
    return [{ op: 'chroot', path: rootfs }, waitAt('mounted')]
  const propagation = propagationOf(linux.rootfsPropagation) ?? { value: PROPAGATION.slave, recursive: true }
  // What is unbindable cannot be bound, and the rootfs still has to be.
  const atFirst =
    propagation.value === PROPAGATION.unbindable ? { value: PROPAGATION.private, recursive: true } : propagation
  const bound = mounts.some(
    ({ destination, options }) => destination === '/dev' && options?.some(o => /^r?bind$/.test(o)),
  )
  const filled = mountSteps(mounts, place).map(readOnlyLater)
  return [
    { op: 'propagation', path: '/', ...atFirst },
    ...(place.parentMount
      ? [{ op: 'propagation' as const, path: place.parentMount, recursive: false, value: PROPAGATION.private }]
      : []),
    { op: 'root', path: rootfs },
    ...filled.map(({ step }) => step),
    // A /dev that is the host's has its devices already, and is not ours to add to.
    ...(bound ? [] : deviceSteps(linux.devices ?? [], userNamespace)),
    ...(process ? [{ op: 'mkdir' as const, path: process.cwd }] : []),
    ...terminal(config, place),
    waitAt('mounted'),
    ...filled.flatMap(({ later }) => later),
    ...(config.root?.readonly
      ? [{ op: 'attributes' as const, path: '/', recursive: false, set: RDONLY, clear: 0 }]
      : []),
    ...(linux.readonlyPaths ?? []).map((path): Step => ({ op: 'readonly', path })),
    ...[...new Set(linux.maskedPaths)].map(
      (path): Step => ({ op: 'mask', path, options: place.label ? [`context=${place.label}`] : [] }),
    ),
    { op: place.noPivot ? 'moveRoot' : 'pivot' },
    ...(propagation.value === PROPAGATION.slave ? [] : [{ op: 'propagation' as const, path: '/', ...propagation }]),
  ]
}

/** What starts empty is filled before it is read-only: folders for what is mounted in it, devices. */
function readOnlyLater(step: Step): { step: Step; later: Step[] } {
  if (step.op !== 'mount' || step.type !== 'tmpfs' || !(step.attributes & RDONLY)) return { step, later: [] }
  const later: Step = { op: 'attributes', path: step.target, recursive: false, set: RDONLY, clear: 0 }
  return { step: { ...step, attributes: step.attributes & ~RDONLY }, later: [later] }
}

function terminal({ process }: RuntimeConfig, place: InitPlace): Step[] {
  if (!process?.terminal || !place.console) return []
  const { width = 0, height = 0 } = process.consoleSize ?? {}
  return [{ op: 'console', width, height, uid: process.user.uid, bind: true }]
}

function propagationOf(word: string | undefined): { value: number; recursive: boolean } | undefined {
  const [, recursive, kind] = /^(r?)(shared|slave|private|unbindable)$/.exec(word ?? '') ?? []
  return kind ? { value: PROPAGATION[kind as keyof typeof PROPAGATION], recursive: recursive === 'r' } : undefined
}

/** What is said to the kernel once for the whole container. */
function kernelSettings({ hostname, domainname, linux = {} }: RuntimeConfig): Step[] {
  return [
    ...(hostname ? [{ op: 'hostname' as const, name: hostname }] : []),
    ...(domainname ? [{ op: 'domainname' as const, name: domainname }] : []),
    ...Object.entries(linux.sysctl ?? {}).map(
      ([name, value]): Step => ({ op: 'proc', path: `sys/${sysctlPath(name)}`, value }),
    ),
    ...executionSteps(linux),
  ]
}
