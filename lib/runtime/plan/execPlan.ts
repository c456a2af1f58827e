import { constants } from 'node:fs'
import type { LinuxConfig } from '../../spec/linuxConfig.ts'
import type { RuntimeProcess } from '../../spec/runtimeConfig.ts'
import { type CgroupEntrance, cloneIntoCgroups, openCgroups } from './cgroups.ts'
import { executionSteps } from './execution.ts'
import { NAMESPACES } from './namespaces.ts'
import { type ProcessPlace, processSteps } from './process.ts'
import { SLOT, type Step, waitAt } from './step.ts'

const O_PATH = 0o10000000
const PROC_MAGIC = 0x9fa0

/** What joining a running container depends on. */
export interface ExecPlace extends ProcessPlace {
  pid: number
  /** Whether we are root. */
  privileged: boolean
  /** The namespaces the container does not share with us, as flags. */
  flags: number
  entrance: CgroupEntrance
  /** Whether one of them is a user namespace. */
  userNamespace: boolean
  console?: { socket: string } | 'keeper'
  noKeyring: boolean
  linux: Pick<LinuxConfig, 'personality' | 'memoryPolicy'>
  id: string
}

/**
 * From here into all of a container's namespaces, at once: a process of another container can't slip in between. Only
 * its cgroup namespace comes after the clone: whoever is in it may enter no cgroup from outside, where v2 is mounted
 * with nsdelegate, as systemd does. cgroups(7)
 */
export function stepsIntoContainer(pid: number, flags: number, entrance: CgroupEntrance, privileged: boolean): Step[] {
  const cgroup = flags & NAMESPACES.cgroup.flag
  return [
    ...(privileged ? [{ op: 'undumpable' as const }] : []),
    ...openCgroups(entrance),
    // Opened now, as in there the number is another's.
    ...(cgroup ? [{ op: 'open' as const, path: `/proc/${pid}/ns/cgroup`, slot: SLOT.first, flags: 0, magic: 0 }] : []),
    { op: 'open', path: '/proc', slot: SLOT.proc, flags: O_PATH | constants.O_DIRECTORY, magic: PROC_MAGIC },
    { op: 'join', pid, flags: flags & ~cgroup },
    // A pid namespace is for children only.
    ...cloneIntoCgroups(0, entrance),
    ...(cgroup ? [{ op: 'setns' as const, slot: SLOT.first, type: cgroup }] : []),
    waitAt('cloned'),
  ]
}

/** One more program in a container that runs. Pure. ≙ `nsenter --target PID --all` */
export function execPlan(process: RuntimeProcess, place: ExecPlace): Step[] {
  const { before, last } = processSteps(process, place)
  const [into, ...rest] = consoleSteps(process, place)
  return [
    ...(into ? [into] : []),
    ...stepsIntoContainer(place.pid, place.flags, place.entrance, place.privileged),
    { op: 'open', path: '/', slot: SLOT.root, flags: O_PATH | constants.O_DIRECTORY, magic: 0 },
    { op: 'session' },
    ...(place.noKeyring ? [] : [{ op: 'keyring' as const, name: `_ses.${place.id}` }]),
    ...(place.userNamespace
      ? [...(place.setGroups ? [{ op: 'groups' as const, gids: [] }] : []), { op: 'user' as const, uid: 0, gid: 0 }]
      : []),
    ...rest,
    ...executionSteps(place.linux),
    ...before,
    waitAt('ready'),
    ...last,
  ]
}

function consoleSteps({ terminal, consoleSize, user }: RuntimeProcess, { console }: ExecPlace): Step[] {
  if (!terminal || !console) return []
  const { width = 0, height = 0 } = consoleSize ?? {}
  return [
    console === 'keeper' ? { op: 'consolePair' } : { op: 'connect', path: console.socket, slot: SLOT.console },
    { op: 'console', width, height, uid: user.uid, bind: false },
  ]
}
