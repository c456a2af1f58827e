import { RuntimeError } from '../../errors.ts'
import type { Resources } from '../../spec/linuxConfig.ts'
import { errnoOf, readControl, writeControl } from './controlFile.ts'
import { deviceRules, writeDeviceRules } from './devices.ts'
import type { CgroupPaths } from './paths.ts'
import { v1Writes } from './v1Writes.ts'
import { v2Writes } from './v2Writes.ts'
import type { Write } from './writes.ts'

/**
 * Sets limits and shares in a container's cgroups; what is not given stays as it is. On v1 the device rules are set too
 * (with none given, the rules every container gets) unless `skipDevices`; on v2 they are a program: `deviceProgram`.
 * Throws `CONFIG_INVALID`; `UNSUPPORTED` for a controller that is not here, before anything is written; `KERNEL` and
 * `NOT_PERMITTED` with errno, file, value and the place in config.json. config-linux.md § Control groups.
 */
export function setResources(paths: CgroupPaths, resources: Resources, how: { skipDevices?: boolean } = {}): void {
  const writes = writesFor(paths, resources)
  const folders = writes.map(write => folderOf(paths, write.controller, write.at))
  const devices = paths.mode !== 'v2' && !how.skipDevices
  if (devices) folderOf(paths, 'devices', 'linux.resources.devices')
  if (paths.mode === 'v2' && resources.memory?.checkBeforeUpdate) refuseBelowUsage(paths, resources)
  carryOut(writes.map((write, index): [Write, string] => [write, folders[index]!]))
  if (devices) writeDeviceRules(paths.folders.devices!, deviceRules(resources.devices ?? []))
}

/** What is written for a config's resources, in that order. Throws `CONFIG_INVALID` and `UNSUPPORTED`. */
export function writesFor(paths: CgroupPaths, resources: Resources): Write[] {
  if (paths.mode !== 'v2') return v1Writes(resources)
  const { unified } = paths.folders
  return v2Writes(resources, (_, file) => (unified === undefined ? undefined : readControl(unified, file)))
}

function folderOf(paths: CgroupPaths, controller: string, where: string): string {
  const folder = paths.folders[paths.mode === 'v2' ? 'unified' : controller]
  if (folder !== undefined && (paths.mode !== 'v2' || hasController(folder, controller))) return folder
  throw new RuntimeError('UNSUPPORTED', `${where}: no ${controller} controller here`, {
    where,
    want: controller,
    got: paths.mode === 'v2' ? controllersOf(folder) : Object.keys(paths.folders),
    hint:
      paths.mode === 'v2' ? `see cgroup.controllers and cgroup.subtree_control above ${folder}` : 'see /proc/cgroups',
  })
}

// `cgroup.*` is the core's own.
function hasController(folder: string, controller: string): boolean {
  return controller === 'cgroup' || controllersOf(folder).includes(controller)
}

function controllersOf(folder: string | undefined): string[] {
  return (folder && readControl(folder, 'cgroup.controllers')?.split(' ')) || []
}

function carryOut(writes: readonly [Write, string][]): void {
  const again: [Write, string][] = []
  for (const [write, folder] of writes) {
    try {
      carryOutOne(write, folder)
    } catch (error) {
      if (!write.again || errnoOf(error) !== 'EINVAL') throw error
      again.push([write, folder])
    }
  }
  for (const [write, folder] of again) carryOutOne(write, folder)
}

function carryOutOne(write: Write, folder: string): void {
  const { file, value, at, fine = [], instead } = write
  try {
    writeControl(folder, file, value, at)
  } catch (error) {
    const errno = errnoOf(error)
    if (errno !== undefined && fine.includes(errno)) return
    if (errno !== 'ENOENT' || !instead) throw error
    writeControl(folder, instead.file, instead.value, at)
    return
  }
  if (write.exact) checkTaken(write, folder)
}

function checkTaken({ file, value, at }: Write, folder: string): void {
  const got = readControl(folder, file)
  if (got === undefined || got === value) return
  const bound = BigInt(got) < BigInt(value) ? 'at most' : 'at least'
  throw new RuntimeError('CONFIG_INVALID', `${at}: ${value} (want ${bound} ${got})`, {
    where: at,
    want: got,
    got: value,
  })
}

// v1 refuses a limit below what is used now; v2 kills for it.
function refuseBelowUsage({ folders }: CgroupPaths, { memory }: Resources): void {
  const usage = Number(readControl(folders.unified!, 'memory.current') ?? 0)
  for (const name of ['swap', 'limit'] as const) {
    const got = memory?.[name] ?? 0
    if (got <= 0 || got > usage) continue
    const where = `linux.resources.memory.${name}`
    throw new RuntimeError(
      'CONFIG_INVALID',
      `${where}: ${got} is not above what is used now (want more than ${usage})`,
      {
        where,
        want: usage,
        got,
      },
    )
  }
}
