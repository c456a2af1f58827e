import type { IdMapping, NamespaceType } from '../linuxConfig.ts'
import type { RuntimeConfig, RuntimeUser } from '../runtimeConfig.ts'
import { entryOf, type Tell } from './rule.ts'
import { sysctlNamespace, sysctlPath } from './sysctl.ts'

/** A rule about fields that stand far from each other. It is asked only when all it reads is right by itself. */
export interface Conflict {
  reads: readonly string[]
  check(config: RuntimeConfig, tell: Tell): void
}

const namespaceOf = ({ linux }: RuntimeConfig, type: NamespaceType) =>
  linux?.namespaces?.find(namespace => namespace.type === type)

/** What would be set on the host, or not at all, without a namespace of that type. */
function needsNamespace(type: NamespaceType, path: string, asked: (config: RuntimeConfig) => unknown): Conflict {
  return {
    reads: ['linux.namespaces', path],
    check(config, tell) {
      const value = asked(config)
      const empty = Array.isArray(value) ? value.length === 0 : !value
      if (!empty && !namespaceOf(config, type)) tell(path, "would be the host's", `a ${type} namespace`, undefined)
    },
  }
}

const sysctls: Conflict = {
  reads: ['linux.namespaces', 'linux.sysctl'],
  check(config, tell) {
    for (const name of Object.keys(config.linux?.sysctl ?? {})) {
      const path = entryOf('linux.sysctl', name)
      const type = sysctlNamespace(sysctlPath(name))
      if (type === undefined) tell(path, 'is not in a namespace', "a parameter that is the container's own", name)
      else if (!namespaceOf(config, type)) tell(path, "would be the host's", `a ${type} namespace`, undefined)
      else if (sysctlPath(name) === 'kernel/hostname') tell(path, 'there is a field for it', 'hostname', name)
    }
  },
}

/** Who is nobody in the user namespace can't be its user. user_namespaces(7) */
const mappings: Conflict = {
  reads: ['linux.namespaces', 'linux.uidMappings', 'linux.gidMappings'],
  check(config, tell) {
    const own = namespaceOf(config, 'user')
    for (const name of ['uidMappings', 'gidMappings'] as const) {
      const given = (config.linux?.[name]?.length ?? 0) > 0
      if (given && !own) tell(`linux.${name}`, 'for nobody', 'a user namespace', undefined)
      if (!given && own && !own.path)
        tell(`linux.${name}`, 'missing', 'who the ids of the new user namespace are outside', undefined)
    }
  },
}

const user: Conflict = {
  reads: ['linux', 'process.user'],
  check(config, tell) {
    const own = namespaceOf(config, 'user')
    if (!config.process || !own || own.path) return
    const { uid = 0, gid = 0, additionalGids = [] }: Partial<RuntimeUser> = config.process.user ?? {}
    const { uidMappings = [], gidMappings = [] } = config.linux!
    if (uidMappings.length === 0 || gidMappings.length === 0) return
    const mapped = (id: number, mappings: readonly IdMapping[]) =>
      mappings.some(({ containerID, size }) => id >= containerID && id < containerID + size)
    const want = (name: string) => `an id of linux.${name}`
    if (!mapped(uid, uidMappings)) tell('process.user.uid', 'not mapped', want('uidMappings'), uid)
    if (!mapped(gid, gidMappings)) tell('process.user.gid', 'not mapped', want('gidMappings'), gid)
    for (const [index, further] of additionalGids.entries())
      if (!mapped(further, gidMappings))
        tell(`process.user.additionalGids[${index}]`, 'not mapped', want('gidMappings'), further)
  },
}

const timeOffsets: Conflict = {
  reads: ['linux.namespaces', 'linux.timeOffsets'],
  check(config, tell) {
    const own = namespaceOf(config, 'time')
    if (Object.keys(config.linux?.timeOffsets ?? {}).length > 0 && own?.path)
      tell('linux.timeOffsets', 'is for a new namespace', 'no path in linux.namespaces', own.path)
  },
}

/** Mounts with an idmap and no mappings of their own have the container's. config.md § Linux mount options */
const idmaps: Conflict = {
  reads: ['linux.uidMappings', 'linux.gidMappings', 'mounts'],
  check(config, tell) {
    if (config.linux?.uidMappings?.length && config.linux.gidMappings?.length) return
    for (const [index, { options = [], uidMappings }] of (config.mounts ?? []).entries())
      if (options.some(option => option === 'idmap' || option === 'ridmap') && !uidMappings)
        tell(`mounts[${index}].uidMappings`, 'missing', "some of its own, or the container's", undefined)
  },
}

const personality: Conflict = {
  reads: ['linux.personality'],
  check({ linux }, tell) {
    // config-linux.md § Personality: none is defined.
    if (linux?.personality?.flags?.length)
      tell('linux.personality.flags', 'unknown', 'none: the spec has no flags', linux.personality.flags)
  },
}

const memoryPolicy: Conflict = {
  reads: ['linux.memoryPolicy'],
  check({ linux }, tell) {
    const { mode = 'MPOL_PREFERRED', nodes = '' } = linux?.memoryPolicy ?? {}
    const none = mode === 'MPOL_DEFAULT' || mode === 'MPOL_LOCAL'
    if (none && nodes.trim() !== '') tell('linux.memoryPolicy.nodes', `${mode} has none`, 'nothing', nodes)
    if (!none && mode !== 'MPOL_PREFERRED' && nodes.trim() === '')
      tell('linux.memoryPolicy.nodes', nodes === '' ? 'missing' : 'empty', `the nodes of ${mode}`, nodes || undefined)
  },
}

/** What the kernel, runc or crun would refuse later, when something has been done already. */
export const CONFLICTS: readonly Conflict[] = [
  needsNamespace('uts', 'hostname', config => config.hostname),
  needsNamespace('uts', 'domainname', config => config.domainname),
  needsNamespace('mount', 'linux.maskedPaths', config => config.linux?.maskedPaths),
  needsNamespace('mount', 'linux.readonlyPaths', config => config.linux?.readonlyPaths),
  needsNamespace('network', 'linux.netDevices', config => Object.keys(config.linux?.netDevices ?? {})),
  needsNamespace('time', 'linux.timeOffsets', config => Object.keys(config.linux?.timeOffsets ?? {})),
  sysctls,
  mappings,
  user,
  timeOffsets,
  idmaps,
  personality,
  memoryPolicy,
]
