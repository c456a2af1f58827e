import type { CapabilitySet, RuntimeProcess } from '../../spec/runtimeConfig.ts'
import type { Step } from './step.ts'

/** linux/capability.h, in the kernel's order: a name's place is its bit. */
export const CAPABILITIES = [
  ...['CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_DAC_READ_SEARCH', 'CAP_FOWNER', 'CAP_FSETID', 'CAP_KILL', 'CAP_SETGID'],
  ...['CAP_SETUID', 'CAP_SETPCAP', 'CAP_LINUX_IMMUTABLE', 'CAP_NET_BIND_SERVICE', 'CAP_NET_BROADCAST', 'CAP_NET_ADMIN'],
  ...['CAP_NET_RAW', 'CAP_IPC_LOCK', 'CAP_IPC_OWNER', 'CAP_SYS_MODULE', 'CAP_SYS_RAWIO', 'CAP_SYS_CHROOT'],
  ...['CAP_SYS_PTRACE', 'CAP_SYS_PACCT', 'CAP_SYS_ADMIN', 'CAP_SYS_BOOT', 'CAP_SYS_NICE', 'CAP_SYS_RESOURCE'],
  ...['CAP_SYS_TIME', 'CAP_SYS_TTY_CONFIG', 'CAP_MKNOD', 'CAP_LEASE', 'CAP_AUDIT_WRITE', 'CAP_AUDIT_CONTROL'],
  ...['CAP_SETFCAP', 'CAP_MAC_OVERRIDE', 'CAP_MAC_ADMIN', 'CAP_SYSLOG', 'CAP_WAKE_ALARM', 'CAP_BLOCK_SUSPEND'],
  ...['CAP_AUDIT_READ', 'CAP_PERFMON', 'CAP_BPF', 'CAP_CHECKPOINT_RESTORE'],
] as const

/** The bits of these names. A name nobody knows has none: it is for a newer kernel than ours. */
export function capabilityMask(names: readonly string[] = []): bigint {
  return names.reduce((mask, name) => {
    const bit = (CAPABILITIES as readonly string[]).indexOf(name)
    return bit < 0 ? mask : mask | (1n << BigInt(bit))
  }, 0n)
}

/** The names of a process's capabilities that come to nothing: the kernel does not know them, or we have them not to give. */
export function ungranted({ capabilities = {} }: RuntimeProcess, held: bigint): string[] {
  const names = new Set(Object.values(capabilities).flat())
  return [...names].filter(name => (capabilityMask([name]) & held) === 0n)
}

/**
 * The change from the runtime's user to the container's, with the capabilities that are left. capabilities(7).
 * The bounding set goes first: to drop from it takes CAP_SETPCAP, which may be about to go.
 * What this process itself may not have cannot be given, so only `held` is asked for.
 */
export function becomeUser(process: RuntimeProcess, held: bigint, setGroups: boolean): Step[] {
  const set = (name: CapabilitySet) => capabilityMask(process.capabilities?.[name]) & held
  const { uid, gid, umask, additionalGids = [] } = process.user
  return [
    { op: 'bounding', mask: set('bounding') },
    { op: 'keepCapabilities', on: true },
    ...(setGroups ? [{ op: 'groups' as const, gids: additionalGids }] : []),
    { op: 'user', uid, gid },
    { op: 'keepCapabilities', on: false },
    {
      op: 'capabilities',
      effective: set('effective'),
      permitted: set('permitted'),
      inheritable: set('inheritable'),
    },
    { op: 'ambient', mask: set('ambient') & set('permitted') & set('inheritable') },
    ...(umask === undefined ? [] : [{ op: 'umask' as const, mask: umask }]),
  ]
}
