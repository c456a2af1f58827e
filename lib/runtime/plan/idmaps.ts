import { isAbsolute, join } from 'node:path'
import { RuntimeError } from '../../errors.ts'
import type { IdMapping } from '../../spec/linuxConfig.ts'
import type { Mount, RuntimeConfig } from '../../spec/runtimeConfig.ts'
import { sortOptions } from './mountOptions.ts'
import { SLOT, type Step } from './step.ts'

/** A mount in which the owners of files are other users than on its disk. */
export interface IdmappedMount {
  /** Its place in `mounts`. */
  index: number
  uidMappings: readonly IdMapping[]
  gidMappings: readonly IdMapping[]
}

/** The mounts of a config whose owners are mapped. config.md § POSIX-platform Mounts. Throws `CONFIG_INVALID`. */
export function idmappedMounts({ mounts = [], linux = {} }: RuntimeConfig): IdmappedMount[] {
  return mounts.flatMap((mount, index) => {
    if (!isIdmapped(mount)) return []
    const where = `mounts[${index}]`
    const invalid = (want: string) =>
      new RuntimeError('CONFIG_INVALID', `${where}: an id-mapped mount wants ${want}`, { where, want })
    const { bind } = sortOptions(mount.options ?? [])
    if (!bind && mount.type !== 'bind') throw invalid('something to bind')
    // One that only says `idmap` has the container's own mappings.
    const own = mount.uidMappings === undefined && mount.gidMappings === undefined
    const { uidMappings, gidMappings } = own ? linux : mount
    if (!uidMappings?.length || !gidMappings?.length) throw invalid('uidMappings and gidMappings')
    return [{ index, uidMappings, gidMappings }]
  })
}

/** Whether it asks for that. */
export function isIdmapped({ options, uidMappings, gidMappings }: Mount): boolean {
  return uidMappings !== undefined || gidMappings !== undefined || sortOptions(options ?? []).idmap
}

/** The slot of an idmapped source, by its place among the mounts that are mapped. */
export const idmapSlot = (order: number) => SLOT.first + 16 + order
const NAMESPACE_SLOT = SLOT.first + 15

/**
 * Copies of their sources in which owners are mapped, made while we are still who may: a mapping is had from a user
 * namespace that has it, at `namespaces[i]` for the i-th of them. mount_setattr(2) § ID-mapped mounts
 */
export function idmapSteps(config: RuntimeConfig, bundle: string, namespaces: readonly string[]): Step[] {
  return idmappedMounts(config).flatMap(({ index }, order): Step[] => {
    const { source = '', options = [] } = config.mounts![index]!
    const { recursive, idmapRecursive } = sortOptions(options)
    return [
      { op: 'open', path: namespaces[order]!, slot: NAMESPACE_SLOT, flags: 0, magic: 0 },
      {
        op: 'idmap',
        source: isAbsolute(source) ? source : join(bundle, source),
        slot: idmapSlot(order),
        recursive,
        mapRecursive: recursive && idmapRecursive,
        namespaceSlot: NAMESPACE_SLOT,
      },
    ]
  })
}
