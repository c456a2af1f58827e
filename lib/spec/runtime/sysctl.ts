import type { NamespaceType } from '../linuxConfig.ts'

/**
 * The path of a kernel parameter below /proc/sys. With a dot first, dots part its names, and a slash is a dot in one;
 * with a slash first it is the other way round. sysctl(8)
 */
export function sysctlPath(name: string): string {
  const first = /[./]/.exec(name)?.[0]
  return first === '.' ? name.replace(/[./]/g, mark => (mark === '.' ? '/' : '.')) : name
}

const OF_IPC = ['msgmax', 'msgmnb', 'msgmni', 'sem', 'shmall', 'shmmax', 'shmmni', 'shm_rmid_forced']

/**
 * The namespace that a kernel parameter belongs to: without it, to set the parameter would be to set the host's.
 * Undefined for those that the whole machine shares.
 */
export function sysctlNamespace(path: string): NamespaceType | undefined {
  const [first = '', second = ''] = path.split('/')
  if (first === 'net') return 'network'
  if (first === 'user') return 'user'
  if (first === 'fs' && second === 'mqueue') return 'ipc'
  if (path === 'kernel/domainname' || path === 'kernel/hostname') return 'uts'
  return OF_IPC.some(name => path === `kernel/${name}`) ? 'ipc' : undefined
}
