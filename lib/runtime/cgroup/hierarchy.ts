import { readFileSync } from 'node:fs'
import { relative } from 'node:path'

/** One tree of cgroups that is mounted here: cgroups(7). */
export interface Hierarchy {
  readonly version: 1 | 2
  /** v1: what is mounted together, such as `cpu` and `cpuacct`, or `name=systemd`; v2: none. */
  readonly controllers: readonly string[]
  readonly mountpoint: string
  /** The process's path in the tree, such as `/`. */
  readonly own: string
  /** Which part of the tree is mounted: not `/` inside a container. */
  readonly root: string
}

/** v1: each controller has a tree; hybrid: so it is, beside one tree of v2 for naming only; v2: one tree has all. */
export type CgroupMode = 'v1' | 'hybrid' | 'v2'

const DEFAULT_MOUNT = '/sys/fs/cgroup'

/** The trees mounted here, each with the path of a process in it. Throws the system's error when there is no such process. */
export function hierarchies(pid: 'self' | number = 'self'): Hierarchy[] {
  return parseHierarchies(readFileSync('/proc/self/mountinfo', 'utf8'), readFileSync(`/proc/${pid}/cgroup`, 'utf8'))
}

/** The same from the text of /proc/PID/mountinfo and /proc/PID/cgroup: proc(5), cgroups(7). */
export function parseHierarchies(mountinfo: string, cgroup: string): Hierarchy[] {
  const memberships = lines(cgroup).map(membership)
  const found = new Map<string, Hierarchy>()
  for (const mount of visibleMounts(mountinfo)) {
    const version = mount.type === 'cgroup2' ? 2 : mount.type === 'cgroup' ? 1 : undefined
    const own = memberships.find(({ controllers }) =>
      version === 2 ? controllers.length === 0 : controllers.some(name => mount.options.includes(name)),
    )
    if (version === undefined || !own) continue
    const key = own.controllers.join()
    // A tree may be mounted in several places, as for a container's use; the host's own place is the usual one.
    if (found.get(key)?.mountpoint.startsWith(DEFAULT_MOUNT)) continue
    found.set(key, {
      version,
      controllers: own.controllers,
      mountpoint: mount.mountpoint,
      own: own.path,
      root: mount.root,
    })
  }
  return [...found.values()]
}

/** Which way of cgroups a machine has. A tree of v2 at /sys/fs/cgroup makes it v2, whatever else somebody mounted. */
export function cgroupMode(list: readonly Hierarchy[]): CgroupMode {
  const unified = list.find(({ version }) => version === 2)
  if (!unified) return 'v1'
  const only = unified.mountpoint === DEFAULT_MOUNT || list.every(({ version }) => version === 2)
  return only ? 'v2' : 'hybrid'
}

/** The process's own path below the mount point, such as `user.slice/x`; empty when it is above what is mounted. */
export function ownBelowMount({ root, own }: Hierarchy): string {
  const path = relative(root, own)
  return path.split('/')[0] === '..' ? '' : path
}

interface CgroupMount {
  readonly mountpoint: string
  readonly root: string
  readonly type: string
  readonly options: readonly string[]
}

// What is mounted over another mount hides it.
function visibleMounts(mountinfo: string): Iterable<CgroupMount> {
  const visible = new Map<string, CgroupMount>()
  for (const line of lines(mountinfo)) {
    const [before, after] = line.split(' - ')
    const [, , , root, mountpoint] = before!.split(' ').map(unescaped)
    const [type, , options] = (after ?? '').split(' ').map(unescaped)
    if (root === undefined || mountpoint === undefined || type === undefined) continue
    visible.set(mountpoint, { mountpoint, root, type, options: options?.split(',') ?? [] })
  }
  return visible.values()
}

// `4:memory:/a:b`; `0::/` is v2's.
function membership(line: string): { controllers: string[]; path: string } {
  const [, names = '', ...path] = line.split(':')
  return { controllers: names === '' ? [] : names.split(','), path: path.join(':').replace(/ \(deleted\)$/, '') }
}

function unescaped(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
}

function lines(text: string): string[] {
  return text.split('\n').filter(line => line !== '')
}
