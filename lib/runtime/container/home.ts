import { type Accounts, resolveUser } from '../../bundle/user.ts'
import { readInRoot } from '../../rootfs/readInRoot.ts'
import type { RuntimeProcess } from '../../spec/runtimeConfig.ts'

const LARGEST = 1 << 20

/** The image's own users and groups. */
export function accountsOf(rootfs: string): Accounts {
  const read = (path: string) => readInRoot(rootfs, path, LARGEST)?.toString() ?? ''
  return { passwd: read('etc/passwd'), group: read('etc/group') }
}

/** A process that was told no HOME has its user's, as the image knows it. */
export function withHome(process: RuntimeProcess, rootfs: string): RuntimeProcess {
  if (process.env?.some(entry => /^HOME=./.test(entry))) return process
  const { home } = resolveUser(String(Math.min(process.user.uid, 2 ** 31 - 1)), accountsOf(rootfs))
  return { ...process, env: [...(process.env ?? []).filter(entry => entry !== 'HOME='), `HOME=${home}`] }
}
