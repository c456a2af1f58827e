import { chmodSync, constants, readFileSync, realpathSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { basename, isAbsolute, join } from 'node:path'
import { RuntimeError } from '../../errors.ts'
import { openRoot } from '../../kernel.ts'
import type { RuntimeConfig } from '../../spec/runtimeConfig.ts'
import { entranceOf, makeAllowedCgroups, makeCgroups, removeCgroups, setResources } from '../cgroup/cgroup.ts'
import type { CgroupPaths } from '../cgroup/paths.ts'
import { type InitPlace, initPlan } from '../plan/initPlan.ts'
import type { Step, SyncPoint } from '../plan/step.ts'
import { type Carried, carryOut } from './hand.ts'
import { withHome } from './home.ts'
import { runHooks } from './hooks.ts'
import { mapIds } from './idMaps.ts'
import { runHooksInside } from './inside.ts'
import { handOverListener, handOverPidfd } from './listener.ts'
import { withMountMappings } from './mountMappings.ts'
import { moveNetDevices } from './netDevices.ts'
import { cgroupTrees, type Surroundings, surroundingsOf } from './place.ts'
import { processStat } from './processTable.ts'
import { claimId, dropState, publicState, type SavedState, saveState, statePaths, thisMaker } from './state.ts'
import { refuseUnfit } from './unfit.ts'

/** How a container is made; the flags of `runc create`. */
export interface CreateOptions {
  /** Where states are kept. */
  root: string
  /** stdin, stdout and stderr of its program. */
  streams: readonly number[]
  /** A socket that waits for its terminal; `'keeper'` lends it ours. */
  console?: { socket: string } | 'keeper'
  pidFile?: string
  /** A socket that waits for a descriptor of the process. */
  pidfdSocket?: string
  noPivot?: boolean
  noKeyring?: boolean
  preserved?: number
  /** Nobody waits here for it to end. ≙ `--detach` */
  detached?: boolean
  /** Called when the id is ours, before anything else is made. */
  claimed?(): void
  /** Called with the whole plan, before it is carried out. */
  planned?(steps: readonly Step[]): void
}

/**
 * Makes a container whose program waits for {@link startContainer}. ≙ `runc create`; runtime.md § Lifecycle, steps 1 to 5.
 * Of one that could not be made nothing is left. Throws `CONTAINER_EXISTS`, `CONFIG_INVALID`, `KERNEL` naming the step.
 */
export async function createContainer(
  id: string,
  bundle: string,
  config: RuntimeConfig,
  options: CreateOptions,
): Promise<{ saved: SavedState; carried: Carried }> {
  const { root } = options
  checkTerminal(config, options)
  refuseUnfit(config)
  const rootfs = rootfsOf(bundle, config)
  const surroundings = await surroundingsOf(id, bundle, config, options)
  claimId(root, id)
  const saved: SavedState = {
    ...{ id, pid: 0, startTime: 0, maker: thisMaker(), bundle, rootfs, created: new Date().toISOString() },
    ...{ cgroups: surroundings.cgroups, config, rootless: !surroundings.place.privileged },
  }
  const undo = [() => dropState(root, id)]
  try {
    options.claimed?.()
    saveState(root, saved)
    const carried = await make(saved, surroundings, options, undo)
    return { saved, carried }
  } catch (error) {
    takeBack(undo)
    throw error
  }
}

/** The last first. Where one cannot be taken back, those before it stay: the state still knows what is left to delete. */
function takeBack(undo: readonly (() => void)[]): void {
  try {
    for (const action of undo.toReversed()) action()
  } catch {}
}

async function make(
  saved: SavedState,
  { place }: Surroundings,
  options: CreateOptions,
  undo: (() => void)[],
): Promise<Carried> {
  const { config } = saved
  const { folder, fifo } = statePaths(options.root, saved.id)
  makeFifo(folder, fifo)
  const cgroups = placeInCgroups(saved, place.privileged, undo)
  const trees = place.privileged ? place.cgroups : cgroupTrees(cgroups)
  // "Creating" is over once the namespaces exist: what the hooks are told is what runtime.md § State says of this moment.
  const state = () => publicState(saved, 'created')
  const at = async (point: SyncPoint, pid: number, descriptor: number): Promise<void> => {
    if (point === 'cloned') {
      saved.pid = pid
      saved.startTime = processStat(pid)?.startTime ?? 0
      saveState(options.root, saved)
      await mapIds(pid, config.linux ?? {}, place.privileged)
      setOomScore(pid, config.process?.oomScoreAdj)
      await moveNetDevices(pid, config.linux?.netDevices)
    } else if (point === 'mounted') {
      await runHooks('prestart', config.hooks?.prestart, state())
      await runHooks('createRuntime', config.hooks?.createRuntime, state())
      await runHooksInside('createContainer', config.hooks?.createContainer, state(), { pid, config, folder })
    } else if (point === 'filtered') {
      handOverListener(pid, descriptor, config.linux!.seccomp!, publicState(saved, 'creating'))
    } else {
      if (options.pidFile) writePidFile(options.pidFile, pid)
      if (options.pidfdSocket) handOverPidfd(pid, options.pidfdSocket)
    }
  }
  const whole = config.process ? { ...config, process: withHome(config.process, saved.rootfs) } : config
  const planned = (all: InitPlace) => {
    const steps = initPlan(whole, all)
    options.planned?.(steps)
    return steps
  }
  return withMountMappings(config, place.privileged, idmaps =>
    carryOut(planned({ ...place, cgroups: trees, entrance: entranceOf(cgroups), fifo, idmaps }), {
      streams: options.streams,
      preserved: options.preserved ?? 0,
      detached: options.detached,
      at,
    }),
  )
}

/** Makes its cgroups and sets their limits. Who is not root, and has asked for no special place, does with those it gets. */
function placeInCgroups(saved: SavedState, privileged: boolean, undo: (() => void)[]): CgroupPaths {
  const { cgroupsPath, resources } = saved.config.linux ?? {}
  if (privileged || cgroupsPath) makeCgroups(saved.cgroups, resources)
  else saved.cgroups = makeAllowedCgroups(saved.cgroups, resources)
  // What others have there is not ours to remove: up to here nothing has been made, or it has been undone.
  undo.push(() => removeCgroups(saved.cgroups))
  if (resources) setResources(saved.cgroups, resources, { skipDevices: !privileged })
  return saved.cgroups
}

// Whoever is the user of the container opens it, and a new file's mode is subject to the umask.
function makeFifo(folder: string, fifo: string): void {
  const root = openRoot(folder)
  root.mknod(Buffer.from(basename(fifo)), constants.S_IFIFO | 0o622, 0, 0)
  root.close()
  chmodSync(fifo, 0o622)
}

function checkTerminal(config: RuntimeConfig, { console }: CreateOptions): void {
  const terminal = config.process?.terminal ?? false
  if (terminal && !console)
    throw new RuntimeError(
      'ARGUMENT_INVALID',
      'cannot allocate tty if runc will detach without setting console socket',
      { want: '--console-socket' },
    )
  if (!terminal && console && console !== 'keeper')
    throw new RuntimeError('ARGUMENT_INVALID', 'cannot use console socket if runc will not detach or allocate tty', {
      got: console.socket,
    })
}

function rootfsOf(bundle: string, config: RuntimeConfig): string {
  const path = config.root?.path
  if (path === undefined)
    throw new RuntimeError('CONFIG_INVALID', 'root: want the path of a rootfs, got nothing', { where: 'root.path' })
  const rootfs = isAbsolute(path) ? path : join(bundle, path)
  if (!statSync(rootfs, { throwIfNoEntry: false })?.isDirectory())
    throw new RuntimeError('CONFIG_INVALID', `invalid rootfs: ${rootfs}: want a folder, got none`, {
      where: 'root.path',
      got: rootfs,
    })
  return realpathSync(rootfs)
}

function setOomScore(pid: number, score: number | undefined): void {
  if (score === undefined) return
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, String(score))
  } catch (cause) {
    const is = readFileSync(`/proc/${pid}/oom_score_adj`, 'utf8').trim()
    throw new RuntimeError(
      'NOT_PERMITTED',
      `process.oomScoreAdj: want ${score}, got ${is}: to lower it takes CAP_SYS_RESOURCE`,
      { where: 'process.oomScoreAdj', want: score, got: is },
      { cause },
    )
  }
}

/** Written beside and renamed: who waits for the file to appear finds a number in it. */
export function writePidFile(path: string, pid: number): void {
  const beside = join(path, '..', `.${path.split('/').at(-1)}`)
  writeFileSync(beside, String(pid), { mode: 0o644 })
  renameSync(beside, path)
}
