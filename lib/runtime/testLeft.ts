import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isSystemError } from '../errors.ts'

/** All that containers whose ids begin so have left: cgroups, mounts of test bundles, states. For tests. */
export function testLeft(prefix: string, stateRoot: string): string[] {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
  return [
    ...foldersBelow('/sys/fs/cgroup').filter(path => path.split('/').some(part => part.startsWith(prefix))),
    ...mounts.filter(line => line.includes('ocilab-bundle-')),
    ...(existsSync(stateRoot) ? readdirSync(stateRoot).filter(name => name.startsWith(prefix)) : []),
  ]
}

// One by one: a cgroup of somebody else's may go while we look.
function foldersBelow(folder: string): string[] {
  try {
    const inside = readdirSync(folder, { withFileTypes: true }).filter(entry => entry.isDirectory())
    return inside.map(({ name }) => join(folder, name)).flatMap(path => [path, ...foldersBelow(path)])
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ENODEV')) return []
    throw error
  }
}
