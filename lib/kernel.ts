/**
 * The only door to native/: every call that `node:fs` and friends lack, declared in this file.
 * Only rootfs, runtime and network may open it.
 */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'
import { KernelError } from './errors.ts'

/** A netlink socket that native/ keeps; it belongs for ever to the network namespace it was opened in. */
export interface NetlinkSocket {
  readonly kept: 'netlink'
}

/** native/files.cc. Every method throws an error with errno, for {@link kernelError}. */
export interface NativeRoot {
  close(): void
  mkdir(path: Uint8Array, mode: number): void
  /** A descriptor to write a new file through; what is there already is never opened. */
  create(path: Uint8Array): number
  /** A descriptor to read through; links are followed inside the root. */
  open(path: Uint8Array): number
  symlink(path: Uint8Array, target: Uint8Array): void
  link(path: Uint8Array, target: Uint8Array): void
  mknod(path: Uint8Array, mode: number, major: number, minor: number): void
  chown(path: Uint8Array, uid: number, gid: number): void
  chmod(path: Uint8Array, mode: number): void
  utimes(path: Uint8Array, seconds: number, nanoseconds: number): void
  setxattr(path: Uint8Array, name: string, value: Uint8Array): void
  /** st_mode, or nothing when it is not there. */
  stat(path: Uint8Array): number | undefined
  readdir(path: Uint8Array): Buffer[]
  /** The name and all below it. */
  remove(path: Uint8Array): void
}

/** What native/binding.cc exports. */
export interface Native {
  /** Opens an rtnetlink socket, in the network namespace at a path when one is given. */
  netlinkOpen(netns?: string): Promise<NetlinkSocket>
  /** Sends one message and answers all that the kernel said to it, as it said it. */
  netlinkRequest(socket: NetlinkSocket, message: Uint8Array): Promise<Uint8Array>
  netlinkClose(socket: NetlinkSocket): void
  /** A file descriptor of a new network namespace. */
  netnsNew(): Promise<number>
  /** mount(2). `flags` are the kernel's numbers. */
  mount(source: string, target: string, type: string, flags: number): Promise<void>
  /** umount2(2). */
  unmount(target: string, flags: number): Promise<void>
  /** Files below a folder, looked up as if it were `/`; every path is relative to it, its last part is never followed. */
  Root: new (
    path: Uint8Array,
  ) => NativeRoot
  /** Owner (unless it is empty), mode and time of a file just written; closes the descriptor in any case. */
  finishFile(
    fd: number,
    owner: { uid?: number; gid?: number },
    mode: number,
    seconds: number,
    nanoseconds: number,
  ): void
}

let loaded: Native | undefined

/** The addon. Throws `NATIVE_MISSING`, with how to get it, where it was not built. */
export function native(): Native {
  loaded ??= load()
  return loaded
}

function load(): Native {
  const path = fileURLToPath(new URL('../native/build/ocilab.node', import.meta.url))
  if (process.platform !== 'linux')
    throw new KernelError('NATIVE_MISSING', `this step needs a Linux kernel (got ${process.platform})`, {
      want: 'linux',
      got: process.platform,
      hint: 'use the lab VM: see lab-vm/README.md',
    })
  if (!existsSync(path))
    throw new KernelError('NATIVE_MISSING', `${path}: not built`, { want: path, hint: 'run: make -C native' })
  return createRequire(import.meta.url)(path) as Native
}

const NAMES = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]))

/** Makes a KernelError of what native/ threw: `mount proc on /proc: EPERM`. */
export function kernelError(error: unknown, what: string): KernelError {
  const { errno, syscall, detail } = error as { errno?: number; syscall?: string; detail?: string }
  if (typeof errno !== 'number') throw error
  const name = NAMES.get(errno) ?? `errno ${errno}`
  const code = name === 'EPERM' || name === 'EACCES' ? 'NOT_PERMITTED' : 'KERNEL'
  const reason = detail ? `${name} (${detail})` : name
  return new KernelError(code, `${what}: ${reason}`, { errno: name, syscall, detail, where: what }, { cause: error })
}
