import { type Accounts, resolveUser } from '../../bundle/user.ts'
import { readInRoot } from '../../rootfs/readInRoot.ts'
import type { RuntimeProcess } from '../../spec/runtimeConfig.ts'

const LARGEST = 1 << 20

/** The image's own users and groups. */
export function accountsOf(rootfs: string): Accounts {
  const read = (path: string) => readInRoot(rootfs, path, LARGEST)?.toString() ?? ''
  return { passwd: read('etc/passwd'), group: read('etc/group') }
}

/** Each variable once, its last value; a process that was told no HOME has its user's, as the image knows it. */
export function withHome(process: RuntimeProcess, rootfs: string): RuntimeProcess {
  const env = lastOfEach(process.env ?? [])
  if (env.some(entry => /^HOME=./.test(entry))) return { ...process, env }
  const { home } = resolveUser(String(Math.min(process.user.uid, 2 ** 31 - 1)), accountsOf(rootfs))
  return { ...process, env: [...env.filter(entry => entry !== 'HOME='), `HOME=${home}`] }
}

function lastOfEach(entries: readonly string[]): string[] {
  const nameOf = (entry: string) => entry.split('=', 1)[0]
  const last = new Map(entries.map((entry, index) => [nameOf(entry), index]))
  return entries.filter((entry, index) => last.get(nameOf(entry)) === index)
}
