import { join } from 'node:path'
import { RuntimeError } from '../../errors.ts'
import { type CgroupMode, cgroupMode, type Hierarchy, hierarchies, ownBelowMount } from './hierarchy.ts'

/** Where a container's cgroups are, as plain JSON for its state file. */
export interface CgroupPaths {
  readonly mode: CgroupMode
  /** Controller, `name=systemd` or `unified` -> absolute folder; a shared folder stands under each of its controllers. */
  readonly folders: Readonly<Record<string, string>>
}

/**
 * Where the container's cgroups are: an absolute path is below the mount point, a relative one (or, without one, the id)
 * below this process's own cgroup; on v2 beside that one, for a cgroup that has processes gives its children no
 * controllers. Throws `CONFIG_INVALID` for a path with a `..` part, or one that names no cgroup of its own.
 * config-linux.md § Cgroups Path.
 */
export function cgroupPaths(
  cgroupsPath: string | undefined,
  id: string,
  list: readonly Hierarchy[] = hierarchies(),
): CgroupPaths {
  const wanted = cgroupsPath || id
  const inner = parts(wanted, cgroupsPath ? 'linux.cgroupsPath' : 'id')
  const mode = cgroupMode(list)
  const folders: Record<string, string> = {}
  for (const hierarchy of list) {
    if (mode === 'v2' && hierarchy.version === 1) continue
    const own = ownBelowMount(hierarchy)
    const start = wanted.startsWith('/') ? '' : mode === 'v2' ? join('/', own, '..') : own
    for (const name of namesOf(hierarchy)) folders[name] = join(hierarchy.mountpoint, start, ...inner)
  }
  return { mode, folders }
}

/** Each folder once: the controllers of v1 may share one. */
export function foldersOf({ folders }: CgroupPaths): string[] {
  return [...new Set(Object.values(folders))]
}

/** What a new process enters to be in all of them: see `cloneIntoCgroups`. */
export function entranceOf({ folders }: CgroupPaths): { unified?: string; tasks: string[] } {
  const { unified, ...ones } = folders
  return { unified, tasks: [...new Set(Object.values(ones))].map(folder => join(folder, 'tasks')) }
}

// Of the hierarchies without controllers only systemd's is everyone's; another belongs to whoever mounted it.
function namesOf({ version, controllers }: Hierarchy): string[] {
  if (version === 2) return ['unified']
  return controllers.filter(name => name === 'name=systemd' || !name.startsWith('name='))
}

function parts(path: string, where: string): string[] {
  const refuse = (want: string): never => {
    throw new RuntimeError('CONFIG_INVALID', `${where}: ${JSON.stringify(path)} (want ${want})`, {
      where,
      want,
      got: path,
    })
  }
  const all = path.split('/')
  if (all.includes('..')) refuse('no part ".."')
  if (/[\0\n]/.test(path)) refuse('no NUL and no line break')
  const named = all.filter(part => part !== '' && part !== '.')
  return named.length > 0 ? named : refuse('a cgroup below the root')
}
