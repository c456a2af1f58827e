import { join } from 'node:path'
import { RuntimeError } from '../../errors.ts'
import type { CgroupPaths } from './paths.ts'

/**
 * The cgroups below a container's own that are asked for: `PATH` in every tree, or `CONTROLLER[,CONTROLLER]:PATH` in
 * those of v1. Throws `ARGUMENT_INVALID`. ≙ `runc exec --cgroup`
 */
export function cgroupsBelow({ mode, folders }: CgroupPaths, asked: readonly string[]): CgroupPaths {
  const below = { ...folders }
  for (const word of asked) {
    const colon = word.indexOf(':')
    const path = word.slice(colon + 1)
    if (path.split('/').includes('..')) throw invalid(`bad sub cgroup path: ${path}`, path)
    for (const name of colon < 0 ? Object.keys(folders) : word.slice(0, colon).split(',')) {
      const own = Object.hasOwn(folders, name) ? folders[name] : undefined
      if (own === undefined) throw invalid(`unknown controller ${name} in ${word}`, name)
      below[name] = join(own, path)
    }
  }
  return { mode, folders: below }
}

function invalid(message: string, got: string): RuntimeError {
  return new RuntimeError('ARGUMENT_INVALID', `--cgroup: ${message}`, { where: '--cgroup', got })
}
