import { existsSync, mkdirSync, rmdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isOciError, isSystemError, RuntimeError } from '../../errors.ts'
import type { Resources } from '../../spec/linuxConfig.ts'
import { childrenOf, pause, readControl, refused, writeControl } from './controlFile.ts'
import { isFrozen } from './freezer.ts'
import { type CgroupPaths, foldersOf } from './paths.ts'
import { processesBelow } from './processes.ts'
import { writesFor } from './resources.ts'

const PATIENCE = 1000
const POLL = 10
// Those that work in a cgroup of threads: cgroups(7).
const THREADED = ['cpu', 'cpuset', 'perf_event', 'pids', 'cgroup']

/**
 * Makes a container's cgroups, with those above them that are missing, and answers the folders it made, outermost first.
 * They are ready to be joined; of the resources only CPUs and memory nodes are set. When it fails it leaves nothing.
 * Throws `CONTAINER_EXISTS` when one of them has processes, `CONTAINER_WRONG_STATUS` when it is frozen, `KERNEL`,
 * `NOT_PERMITTED`. config-linux.md § Control groups.
 */
export function makeCgroups(paths: CgroupPaths, resources: Resources = {}): string[] {
  const made: string[] = []
  try {
    // Most are new, and all that is above them is there: then they are made with one call each, and need no closer look.
    made.push(...foldersOf(paths).filter(folder => isPlain(folder, paths) && makeLeaf(folder)))
    const others = foldersOf(paths).filter(folder => !made.includes(folder))
    refuseUsed(paths, others)
    for (const folder of others) {
      const way = wayTo(folder)
      for (const [index, step] of way.entries()) {
        if (makeOne(step)) made.push(step)
        const above = index === 0 ? dirname(step) : way[index - 1]!
        if (folder === paths.folders.cpuset) prepareCpuset(step, above, step === folder ? resources : {})
        if (paths.mode === 'v2') passControllersOn(above)
      }
      if (paths.mode === 'v2') prepareType(way, paths, resources)
    }
  } catch (error) {
    for (const folder of made.reverse()) removeOne(folder)
    throw error
  }
  return made
}

/**
 * Makes those of a container's cgroups that an ordinary user may make, and answers which: a machine gives its users some,
 * or none. Throws as {@link makeCgroups} does, but for `NOT_PERMITTED`.
 */
export function makeAllowedCgroups(paths: CgroupPaths, resources?: Resources): CgroupPaths {
  const made = Object.entries(paths.folders).filter(([name, folder]) => {
    try {
      makeCgroups({ mode: paths.mode, folders: { [name]: folder } }, resources)
      return true
    } catch (error) {
      if (isOciError(error, 'NOT_PERMITTED')) return false
      throw error
    }
  })
  return { mode: paths.mode, folders: Object.fromEntries(made) }
}

/** Removes a container's cgroups and those below them; waits up to 1 s for processes that are about to end. What is not there is fine. Throws `KERNEL` (`EBUSY`: processes are left), `NOT_PERMITTED`. */
export function removeCgroups(paths: CgroupPaths): void {
  const errors: unknown[] = []
  const deadline = Date.now() + PATIENCE
  for (const folder of foldersOf(paths)) {
    try {
      removeTree(folder, deadline)
    } catch (error) {
      errors.push(error)
    }
  }
  if (errors.length > 0) throw errors[0]
}

function removeTree(folder: string, deadline: number): void {
  for (;;) {
    const error = removeOne(folder)
    if (error === undefined) return
    for (const child of childrenOf(folder)) removeTree(child, deadline)
    const last = removeOne(folder)
    if (last === undefined) return
    if (!isSystemError(last, 'EBUSY') || Date.now() > deadline)
      throw refused(last, `remove ${folder}`, { file: folder })
    pause(POLL)
  }
}

// On a read-only mount the refusal (EROFS) comes before the look whether it is there.
function removeOne(folder: string): unknown {
  try {
    rmdirSync(folder)
  } catch (error) {
    return existsSync(folder) ? error : undefined
  }
}

/** One of v1 that takes processes as it is. */
function isPlain(folder: string, { mode, folders }: CgroupPaths): boolean {
  return mode !== 'v2' && folder !== folders.cpuset && folder !== folders.unified
}

/** Makes a cgroup, if it is new, below one that is there. */
function makeLeaf(folder: string): boolean {
  try {
    mkdirSync(folder, 0o755)
  } catch (error) {
    if (isSystemError(error)) return false
    throw error
  }
  if (isCgroup(folder)) return true
  rmdirSync(folder)
  return false
}

function refuseUsed(paths: CgroupPaths, folders: readonly string[]): void {
  for (const folder of folders) {
    const { length } = processesBelow(folder)
    if (length === 0) continue
    const message = `${folder}: container's cgroup is not empty: ${length} process(es) found`
    throw new RuntimeError('CONTAINER_EXISTS', message, { where: folder, want: 0, got: length })
  }
  const where = paths.folders.freezer ?? paths.folders.unified
  if (where === undefined || !folders.includes(where) || !isFrozen(paths)) return
  throw new RuntimeError('CONTAINER_WRONG_STATUS', `${where}: container's cgroup unexpectedly frozen`, {
    where,
    got: 'frozen',
  })
}

// The cgroups from below the mount point to this one. Without a mount, as after a restart, nothing may be made.
function wayTo(folder: string): string[] {
  const way: string[] = []
  for (let step = folder; !isMountPoint(step); step = dirname(step)) {
    if (existsSync(step) && !isCgroup(step))
      throw new RuntimeError('KERNEL', `${folder}: no cgroups are mounted there`, {
        where: folder,
        want: 'a cgroup',
        got: step,
      })
    way.unshift(step)
  }
  return way
}

function isCgroup(folder: string): boolean {
  return existsSync(join(folder, 'cgroup.procs'))
}

function isMountPoint(folder: string): boolean {
  return isCgroup(folder) && !isCgroup(dirname(folder))
}

function makeOne(folder: string): boolean {
  try {
    mkdirSync(folder, 0o755)
    return true
  } catch (error) {
    if (isSystemError(error, 'EEXIST')) return false
    throw refused(error, `make ${folder}`, { file: folder })
  }
}

// A v1 cpuset takes no process before it has CPUs and memory nodes.
function prepareCpuset(folder: string, above: string, { cpu }: Resources): void {
  for (const [kind, asked] of [
    ['cpus', cpu?.cpus],
    ['mems', cpu?.mems],
  ] as const) {
    const file = `cpuset.${kind}`
    if (asked) writeControl(folder, file, asked, `linux.resources.cpu.${kind}`)
    else if (!readControl(folder, file)) writeControl(folder, file, readControl(above, file) ?? '')
  }
}

// Each controller for itself: one that cannot be passed on (EBUSY, a cgroup with processes) keeps no other back. Whether
// it was needed shows when its limits are set.
function passControllersOn(folder: string): void {
  const words = (file: string) => readControl(folder, file)?.split(' ') ?? []
  const on = words('cgroup.subtree_control')
  for (const controller of words('cgroup.controllers').filter(name => name !== '' && !on.includes(name))) {
    try {
      writeControl(folder, 'cgroup.subtree_control', `+${controller}`)
    } catch {}
  }
}

// A cgroup below one that has processes is of no use until it is one of threads, and threads can have few controllers.
function prepareType(way: readonly string[], paths: CgroupPaths, resources: Resources): void {
  for (const folder of way) {
    const type = readControl(folder, 'cgroup.type')
    if (type === undefined || type === 'domain') continue
    const asked = writesFor(paths, resources).find(({ controller }) => !THREADED.includes(controller))
    if (asked)
      throw new RuntimeError('UNSUPPORTED', `${asked.at}: not in a cgroup of type ${type}: ${folder}`, {
        where: asked.at,
        want: 'domain',
        got: type,
        hint: 'choose a cgroupsPath below a cgroup without processes',
      })
    if (type === 'domain invalid') writeControl(folder, 'cgroup.type', 'threaded')
  }
}
