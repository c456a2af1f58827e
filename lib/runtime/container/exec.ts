import { RuntimeError } from '../../errors.ts'
import type { RuntimeProcess } from '../../spec/runtimeConfig.ts'
import { cgroupsBelow } from '../cgroup/below.ts'
import { entranceOf } from '../cgroup/cgroup.ts'
import { execPlan } from '../plan/execPlan.ts'
import { flagsOf } from '../plan/namespaces.ts'
import type { Step, SyncPoint } from '../plan/step.ts'
import { writePidFile } from './create.ts'
import { type Carried, carryOut } from './hand.ts'
import { withHome } from './home.ts'
import { mayChangeGroups } from './idMaps.ts'
import { handOverListener, handOverPidfd } from './listener.ts'
import { filterOf, heldCapabilities } from './place.ts'
import { isAlive } from './processTable.ts'
import { loadState, publicState, statePaths, statusOf } from './state.ts'

/** The flags of `runc exec`. */
export interface ExecOptions {
  root: string
  streams: readonly number[]
  console?: { socket: string } | 'keeper'
  pidFile?: string
  /** A socket that waits for a descriptor of the process. */
  pidfdSocket?: string
  preserved?: number
  /** Which of the cgroups below the container's own it enters. */
  cgroups?: readonly string[]
  ignorePaused?: boolean
  /** Nobody waits here for it to end. ≙ `--detach` */
  detached?: boolean
  /** Called with the whole plan, before it is carried out. */
  planned?(steps: readonly Step[]): void
}

/**
 * Runs one more program in a container. ≙ `runc exec --process`
 * Throws `CONTAINER_WRONG_STATUS` for a container that is stopped or paused, and what running it fails with.
 */
export async function execInContainer(id: string, process: RuntimeProcess, options: ExecOptions): Promise<Carried> {
  const saved = loadState(options.root, id)
  const status = statusOf(saved, statePaths(options.root, id).fifo)
  if (status === 'stopped' || status === 'creating') throw wrongStatus('cannot exec in a stopped container', status)
  if (status === 'paused' && !options.ignorePaused)
    throw wrongStatus('cannot exec in a paused container (use --ignore-paused to override)', status)
  const { linux = {} } = saved.config
  const namespaces = linux.namespaces ?? []
  const userNamespace = namespaces.some(({ type }) => type === 'user')
  const plan = execPlan(withHome(process, `/proc/${saved.pid}/root`), {
    ...{
      pid: saved.pid,
      flags: flagsOf(namespaces),
      userNamespace,
      id,
      noKeyring: true,
      linux,
      privileged: !saved.rootless,
    },
    entrance: entranceOf(cgroupsBelow(saved.cgroups, options.cgroups ?? [])),
    console: options.console,
    held: heldCapabilities(userNamespace),
    setGroups: mayChangeGroups(linux, !saved.rootless),
    seccomp: await filterOf(linux.seccomp, options.root),
    preserved: options.preserved ?? 0,
  })
  options.planned?.(plan)
  const at = (point: SyncPoint, pid: number, descriptor: number): void => {
    if (point === 'filtered') handOverListener(pid, descriptor, linux.seccomp!, publicState(saved, status))
    else if (point === 'ready') {
      if (options.pidFile !== undefined) writePidFile(options.pidFile, pid)
      if (options.pidfdSocket !== undefined) handOverPidfd(pid, options.pidfdSocket)
    } else {
      // What was joined by its number is still the process it was, or all of this was for another one.
      if (!isAlive(saved.pid, saved.startTime)) throw wrongStatus('cannot exec in a stopped container', 'stopped')
    }
  }
  const { streams, preserved = 0, detached } = options
  const carried = await carryOut(plan, { streams, preserved, detached, at })
  await carried.executed()
  return carried
}

function wrongStatus(message: string, got: string): RuntimeError {
  return new RuntimeError('CONTAINER_WRONG_STATUS', message, { want: 'running', got })
}
