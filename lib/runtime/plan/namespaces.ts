import { RuntimeError } from '../../errors.ts'
import type { Namespace, NamespaceType } from '../../spec/linuxConfig.ts'
import { SLOT, type Step } from './step.ts'

/** linux/sched.h: the flag of each kind, and the name of its file in /proc/PID/ns. namespaces(7) */
export const NAMESPACES: Readonly<Record<NamespaceType, { flag: number; file: string }>> = {
  user: { flag: 0x10000000, file: 'user' },
  pid: { flag: 0x20000000, file: 'pid' },
  network: { flag: 0x40000000, file: 'net' },
  mount: { flag: 0x00020000, file: 'mnt' },
  ipc: { flag: 0x08000000, file: 'ipc' },
  uts: { flag: 0x04000000, file: 'uts' },
  cgroup: { flag: 0x02000000, file: 'cgroup' },
  time: { flag: 0x00000080, file: 'time' },
}

/** These are made only when the process is where it belongs: a cgroup namespace's root is the cgroup it was made in. */
const AFTER_CLONE: readonly NamespaceType[] = ['cgroup', 'time']

/**
 * Those that are joined by path. All are opened before the first is joined, as then paths may mean something else. A
 * cgroup namespace is entered `inCgroup`, when the clone has come where it belongs: from inside of it no cgroup may be
 * entered, where v2 is mounted with nsdelegate. cgroups(7) With a user namespace it is joined before, while we are root.
 */
export function joinNamespaces(
  namespaces: readonly Namespace[],
  privileged: boolean,
): { outside: Step[]; inCgroup: Step[] } {
  const joined = namespaces.filter(({ path }) => path !== undefined)
  const [user, others] = [joined.filter(({ type }) => type === 'user'), joined.filter(({ type }) => type !== 'user')]
  // Root may join them all, until it is in a user namespace and root no more; anyone else may only because of it.
  const ordered = privileged ? [...others, ...user] : [...user, ...others]
  const slots = new Map(ordered.map((namespace, index) => [namespace, SLOT.first + index]))
  const open = (namespace: Namespace): Step => ({
    ...{ op: 'open', path: namespace.path!, slot: slots.get(namespace)!, flags: 0, magic: 0 },
  })
  const enter = (namespace: Namespace): Step => ({
    ...{ op: 'setns', slot: slots.get(namespace)!, type: NAMESPACES[namespace.type].flag },
  })
  const userNamespace = namespaces.some(({ type }) => type === 'user')
  const isLate = ({ type }: Namespace) => type === 'cgroup' && !userNamespace
  return {
    outside: [...ordered.map(open), ...ordered.filter(namespace => !isLate(namespace)).map(enter)],
    inCgroup: ordered.filter(isLate).map(enter),
  }
}

/** The flags for clone: those that are new from the first moment on. */
export function cloneFlags(namespaces: readonly Namespace[]): number {
  return flagsOf(namespaces.filter(({ type, path }) => path === undefined && !AFTER_CLONE.includes(type)))
}

/** Those that are made after clone. */
export function lateNamespaces(namespaces: readonly Namespace[]): NamespaceType[] {
  return namespaces.filter(({ type, path }) => path === undefined && AFTER_CLONE.includes(type)).map(({ type }) => type)
}

/** The bits of several kinds at once. */
export function flagsOf(namespaces: readonly Pick<Namespace, 'type'>[]): number {
  return namespaces.reduce((flags, { type }) => flags | flagOf(type), 0)
}

function flagOf(type: NamespaceType): number {
  if (Object.hasOwn(NAMESPACES, type)) return NAMESPACES[type].flag
  throw new RuntimeError('CONFIG_INVALID', `linux.namespaces: want a kind of namespace, got ${type}`, { got: type })
}
