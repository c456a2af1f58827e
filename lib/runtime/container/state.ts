import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isSystemError, RuntimeError } from '../../errors.ts'
import type { ContainerState, ContainerStatus, RuntimeConfig } from '../../spec/runtimeConfig.ts'
import { isFrozen } from '../cgroup/cgroup.ts'
import type { CgroupPaths } from '../cgroup/paths.ts'
import { isAlive, isStillInit, processStat } from './processTable.ts'
import { readFirstState, readState, writeState } from './stateFile.ts'

/** What is kept of a container between one command and the next: ROOT/ID/state.json. */
export interface SavedState {
  id: string
  /** 0 until there is a process. */
  pid: number
  /** Of `pid`: with it, another process that got the same number is never taken for this one. */
  startTime: number
  /** Who is making it, while it is being made. */
  maker: { pid: number; startTime: number }
  bundle: string
  rootfs: string
  /** RFC 3339. */
  created: string
  cgroups: CgroupPaths
  /** config.json as it was: the bundle's may be another by now. */
  config: RuntimeConfig
  /** How many capabilities were to be given by whoever made it. */
  rootless: boolean
}

/** A container's id, which is a folder's name: no part of a path. Throws `ARGUMENT_INVALID`. */
export function checkId(id: string): void {
  if (/^[\w+.-]+$/.test(id) && id !== '.' && id !== '..' && id.length <= 1024) return
  throw new RuntimeError('ARGUMENT_INVALID', 'container ID format: want letters, digits and _ + - . only', {
    want: '[\\w+.-]+',
    got: id,
  })
}

/** The folder of a container's state, and the fifo in it that `start` opens. */
export function statePaths(root: string, id: string) {
  checkId(id)
  const folder = join(root, id)
  return { folder, file: join(folder, 'state.json'), fifo: join(folder, 'exec.fifo') }
}

/** Takes the id. Throws `CONTAINER_EXISTS`: of two who want the same one gets it. */
export function claimId(root: string, id: string): void {
  const { folder } = statePaths(root, id)
  mkdirSync(root, { recursive: true, mode: 0o711 })
  try {
    mkdirSync(folder, { mode: 0o711 })
  } catch (error) {
    if (!isSystemError(error, 'EEXIST')) throw error
    throw new RuntimeError('CONTAINER_EXISTS', 'container with given ID already exists', { where: id })
  }
}

export function saveState(root: string, state: SavedState): void {
  writeState(statePaths(root, state.id).file, state)
}

/** Throws `CONTAINER_UNKNOWN`, or `CONFIG_INVALID` for a state that cannot be read. */
export function loadState(root: string, id: string): SavedState {
  return readState(statePaths(root, id).file, id)
}

/** What is left to be known of a container whose state cannot be read. */
export function loadFirstState(root: string, id: string): SavedState | undefined {
  return readFirstState(statePaths(root, id).file, id)
}

/** Nothing is known of the container any more. */
export function dropState(root: string, id: string): void {
  rmSync(statePaths(root, id).folder, { recursive: true, force: true })
}

/** Every id there is, in order. */
export function knownIds(root: string): string[] {
  try {
    return readdirSync(root, { withFileTypes: true })
      .filter(entry => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(entry => entry.name)
      .sort()
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return []
    throw error
  }
}

/** Which of the spec's states it is in: always asked of the kernel, never remembered. runtime.md § State */
export function statusOf(saved: SavedState, fifo: string): ContainerStatus {
  if (saved.pid === 0) return isAlive(saved.maker.pid, saved.maker.startTime) ? 'creating' : 'stopped'
  if (!isAlive(saved.pid, saved.startTime)) return 'stopped'
  if (isFrozen(saved.cgroups)) return 'paused'
  return (isStillInit(saved.pid) ?? existsSync(fifo)) ? 'created' : 'running'
}

/** The state as the spec and `runc state` have it. */
export function publicState(saved: SavedState, status: ContainerStatus): ContainerState {
  const { annotations } = saved.config
  return {
    ociVersion: saved.config.ociVersion,
    id: saved.id,
    pid: status === 'stopped' ? 0 : saved.pid,
    status,
    bundle: saved.bundle,
    rootfs: saved.rootfs,
    created: saved.created,
    ...(annotations && Object.keys(annotations).length > 0 ? { annotations } : {}),
    owner: '',
  }
}

/** Whose container it is: the owner of its state. */
export function ownerOf(root: string, id: string): number {
  return statSync(statePaths(root, id).folder).uid
}

/** This process, as the maker of a container. */
export function thisMaker(): SavedState['maker'] {
  return { pid: process.pid, startTime: processStat(process.pid)!.startTime }
}
