import { closeSync, constants, lstatSync, mkdirSync, openSync, statfsSync, unlinkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isSystemError, OciError } from '../errors.ts'
import { native } from '../kernel.ts'
import { calling, isErrno } from './native.ts'

/** Where ip-netns(8) keeps its names: `/run/netns/NAME` is an empty file with a namespace mounted on it. */
export const NETNS_FOLDER = '/run/netns'

const MS = { BIND: 0x1000, REC: 0x4000, SHARED: 0x100000 } as const
const MNT_DETACH = 2
const NSFS_MAGIC = 0x6e736673

export function netnsPath(name: string): string {
  return join(NETNS_FOLDER, name)
}

/** The name ip-netns(8) knows a path by, if it does. */
export function netnsName(path: string): string | undefined {
  return [NETNS_FOLDER, '/var/run/netns'].includes(dirname(path)) ? basename(path) : undefined
}

/** A network namespace without a name; it ends with the last process, mount or descriptor of it. */
export interface OpenNetns {
  /** `/proc/PID/fd/N`: good for every process while this one lives and has not closed it. */
  readonly path: string
  readonly fd: number
  close(): void
}

/** ≙ unshare --net. Throws `NOT_PERMITTED`. */
export async function newNetns(): Promise<OpenNetns> {
  const fd = await calling('new network namespace', native().netnsNew())
  return { fd, path: `/proc/${process.pid}/fd/${fd}`, close: () => closeSync(fd) }
}

/** ≙ ip netns add: a new namespace, mounted on a new empty file. Throws `NETWORK_EXISTS`, `NOT_PERMITTED`. */
export async function addNetns(path: string): Promise<void> {
  await openFolder(dirname(path))
  closeSync(newFile(path))
  try {
    await calling(`mount a network namespace on ${path}`, native().netnsAdd(path))
  } catch (error) {
    unlinkSync(path)
    throw error
  }
}

/** ≙ ip netns del; one that is gone already, or a name that nothing is mounted on, is fine. */
export async function deleteNetns(path: string): Promise<void> {
  await unmountAll(path)
  try {
    unlinkSync(path)
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error
  }
}

/** Takes every mount off a path, also one that is in use; a path without a mount is fine. */
export async function unmountAll(path: string): Promise<void> {
  try {
    // Detached, because a descriptor anywhere keeps a namespace busy.
    for (;;) await calling(`umount ${path}`, native().unmount(path, MNT_DETACH))
  } catch (error) {
    if (!isErrno(error, 'EINVAL', 'ENOENT')) throw error
  }
}

/** True when there is a file of that name, with a namespace on it or, as after a reboot, without. */
export function netnsExists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}

/** True when a namespace can be entered at that path. */
export function isNetns(path: string): boolean {
  return netnsExists(path) && statfsSync(path).type === NSFS_MAGIC
}

// Like ip(8): the folder is a mount point of its own and shared, so that a name made in one mount namespace is seen,
// and can be deleted, in all of them. A change of propagation is refused with EINVAL where nothing is mounted yet.
async function openFolder(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  if (folder !== NETNS_FOLDER) return
  const share = () => calling(`share ${folder}`, native().mount('', folder, 'none', MS.SHARED | MS.REC))
  const lock = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    // ip(8) takes the same lock: of those who find nothing mounted, one mounts it.
    while (!native().tryLock(lock)) await sleep(1)
    await share()
  } catch (error) {
    if (!isErrno(error, 'EINVAL')) throw error
    await calling(`mount ${folder} on itself`, native().mount(folder, folder, 'none', MS.BIND | MS.REC))
    await share()
  } finally {
    closeSync(lock)
  }
}

function newFile(path: string): number {
  try {
    return openSync(path, 'wx', 0o000)
  } catch (error) {
    if (!isSystemError(error, 'EEXIST')) throw error
    throw new OciError(
      'NETWORK_EXISTS',
      `${path}: a network namespace of this name exists already`,
      { got: path, hint: 'run: ocilab reset' },
      { cause: error },
    )
  }
}
