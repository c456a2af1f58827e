import { resolve } from 'node:path'
import type { RuntimeProcess } from '../../spec/runtimeConfig.ts'

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** Where a program may be: its own path, or its name in each folder of the container's PATH. exec(3) */
export function candidatesFor({ args = [], env = [], cwd }: RuntimeProcess): string[] {
  const [name = ''] = args
  if (name.includes('/')) return [name]
  const path = env.findLast(entry => entry.startsWith('PATH='))?.slice(5) ?? DEFAULT_PATH
  return path.split(':').map(folder => resolve(cwd, folder, name))
}
