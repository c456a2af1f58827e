/**
 * The only door to native/: every call that `node:fs` and friends lack, declared in this file.
 * Only rootfs, runtime and network may open it, and bytes, which does without it where it is not built.
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
  /** A descriptor to read a file through; links are followed inside the root. Nothing where there is something else than a file. */
  open(path: Uint8Array): number | undefined
  symlink(path: Uint8Array, target: Uint8Array): void
  link(path: Uint8Array, target: Uint8Array): void
  mknod(path: Uint8Array, mode: number, major: number, minor: number): void
  chown(path: Uint8Array, uid: number, gid: number): void
  chmod(path: Uint8Array, mode: number): void
  utimes(path: Uint8Array, seconds: number, nanoseconds: number): void
  setxattr(path: Uint8Array, name: string, value: Uint8Array): void
  removexattr(path: Uint8Array, name: string): void
  /** Where a symlink points. */
  readlink(path: Uint8Array): Buffer
  /** The path of a folder without links in it, from the root; nothing where there is no folder. */
  real(path: Uint8Array): Buffer | undefined
  /** All extended attributes; none where the file system has no such thing. */
  xattrs(path: Uint8Array): [name: string, value: Buffer][]
  /** st_mode, or nothing when it is not there. */
  stat(path: Uint8Array): number | undefined
  readdir(path: Uint8Array): Buffer[]
  /** The name and all below it. */
  remove(path: Uint8Array): void
  /** Makes a batch of lib/rootfs/newNames.ts on another thread; answers how many were made before one was refused. */
  make(batch: Uint8Array): Promise<number>
}

/** A hash taken on a thread of its own. native/hash.cc */
export interface NativeHash {
  /** One after the other: each call is awaited before the next one, and its chunks stay as they are until then. */
  update(chunks: readonly Uint8Array[]): Promise<void>
  digest(): Buffer
}

/** What native/binding.cc exports. */
export interface Native {
  /** Opens an rtnetlink socket, in the network namespace at a path when one is given. */
  netlinkOpen(netns?: string): Promise<NetlinkSocket>
  /**
   * Sends messages that stand one behind the other, each when the one before is done, up to the first that is refused
   * (or, with `goOn`, all), and answers all that the kernel said to them, as it said it.
   */
  netlinkRequest(socket: NetlinkSocket, messages: Uint8Array, goOn: boolean): Promise<Uint8Array>
  netlinkClose(socket: NetlinkSocket): void
  /** A file descriptor of a new network namespace. */
  netnsNew(): Promise<number>
  /** A new network namespace, mounted on the empty file at a path. */
  netnsAdd(path: string): Promise<void>
  /** open(2) by a thread in the network namespace at a path: for what is below /proc/sys/net. */
  openIn(netns: string, path: string, flags: number): Promise<number>
  /** Absent in a Node that hides its OpenSSL. */
  Hash?: new (
    algorithm: 'sha256' | 'sha512',
  ) => NativeHash
  /** flock(2), exclusive and without waiting: whether it is ours now. It ends when the descriptor is closed. */
  tryLock(fd: number): boolean
  /** mount(2). `flags` are the kernel's numbers, `data` the file system's own options. */
  mount(source: string, target: string, type: string, flags: number, data?: string): Promise<void>
  /** umount2(2). */
  unmount(target: string, flags: number): Promise<void>
  /**
   * Starts native/init from a sealed copy. The three streams become 0, 1 and 2; so many descriptors from 3 on stay; the
   * other ends of `channel` and `watch` come after them.
   */
  startInit(
    path: string,
    streams: readonly number[],
    preserved: number,
  ): { pid: number; channel: number; watch: number }
  /** A descriptor that is that process, and never another one with its number. pidfd_open(2) */
  pidfd(pid: number): number
  /** A copy of another process's descriptor. pidfd_getfd(2) */
  descriptorOf(pid: number, fd: number): number
  /** Hands a descriptor, with some words about it, to whoever listens at a socket. */
  sendDescriptor(path: string, text: string, fd: number): void
  /** pipe(2): its read end and its write end. */
  pipe(): [read: number, write: number]
  /** The next message, or nothing when there will be none. Idle, it does not keep the program alive. */
  receive(fd: number, callback: (message?: Buffer) => void, idle: boolean): void
  /** Waits for a process of startInit that is about to end. */
  reap(pid: number): void
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

/** What native/seccomp/seccomp.cc exports. Every method throws an error with errno, for {@link kernelError}. */
export interface NativeSeccomp {
  /** A filter with a default action; it knows this machine's architecture from the start. */
  Filter: new (
    defaultAction: number,
  ) => NativeFilter
  /** Of libseccomp: `2.5.4`. */
  version(): string
  /** The token of this machine's architecture. */
  nativeArch(): number
  /** The numbers of system calls in one architecture; below zero where it has no such call. */
  resolve(arch: number, names: readonly string[]): Int32Array
}

/** A libseccomp filter in the making. */
export interface NativeFilter {
  addArch(token: number): void
  attribute(attribute: number, value: number): void
  /** False when libseccomp knows no such system call; `conditions` are `[index, operator, value, second value]`. */
  rule(action: number, syscall: string, conditions: readonly [number, number, bigint, bigint][]): boolean
  /** The program: an array of struct sock_filter. */
  export(): Buffer
}

/** What `make -C native` built. This file is the only one that knows where that is, also when it is bundled with others. */
export function builtPath(
  name: 'ocilab.node' | 'ocilab-pause' | 'ocirun-init' | 'seccomp.node' | 'gunzip.node' | 'gzip.node',
): string {
  return fileURLToPath(new URL(`../native/build/${name}`, import.meta.url))
}

let loaded: Native | undefined

/** The addon. Throws `NATIVE_MISSING`, with how to get it, where it was not built. */
export function native(): Native {
  loaded ??= load()
  return loaded
}

/** The addon where it was built; undefined where it was not, for what can be done without it, if only slower. */
export function nativeIfBuilt(): Native | undefined {
  return process.platform === 'linux' && existsSync(builtPath('ocilab.node')) ? native() : undefined
}

function load(): Native {
  const path = builtPath('ocilab.node')
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

let seccomp: NativeSeccomp | undefined

/** The addon that holds libseccomp. Throws `NATIVE_MISSING`, with how to get it, where it was not built or cannot be loaded. */
export function nativeSeccomp(): NativeSeccomp {
  const path = builtPath('seccomp.node')
  try {
    seccomp ??= createRequire(import.meta.url)(path) as NativeSeccomp
    return seccomp
  } catch (cause) {
    const got = existsSync(path) ? (cause as Error).message : `${path}: not built`
    const hint = 'install libseccomp (Debian: libseccomp-dev), then run: make -C native'
    throw new KernelError('NATIVE_MISSING', `seccomp: ${got}`, { want: path, got, hint }, { cause })
  }
}

/**
 * native/gunzip/gunzip.cc: gzip members, whose headers have been read. Another thread goes on as long as it has both input and
 * room; each is lent until its promise is kept.
 */
export interface NativeGunzip {
  /** Another member begins, when all that was given has come back. */
  begin(): void
  /** What comes next. `left` of it was not used; `state` is `more`, `end` of the member, or what is wrong with it. */
  give(input: Uint8Array): Promise<[left: number, state: string]>
  /** Room for what comes out, whichever member it is of: how much came. It is full but at the end. */
  fill(room: Uint8Array): Promise<number>
  /** Nothing more comes, or nothing more is wanted: what was lent comes back. */
  end(): void
}

/** native/gzip/gzip.cc: one gzip member in the making. */
export interface NativeGzip {
  /** Deflates on another thread, and answers what there is of it already. `input` is lent until it is done, and only then comes more. */
  deflate(input: Uint8Array, isLast: boolean): Promise<Buffer>
}

let gunzip: { Gunzip: new () => NativeGunzip } | undefined
let gzip: { Gzip: new () => NativeGzip } | undefined

/** The addon by which ISA-L inflates; nothing where it was not built, or where the library is not on this machine. */
export function nativeGunzip(): { Gunzip: new () => NativeGunzip } | undefined {
  gunzip ??= ifLoadable('gunzip.node')
  return gunzip
}

/** And the one by which it deflates. */
export function nativeGzip(): { Gzip: new () => NativeGzip } | undefined {
  gzip ??= ifLoadable('gzip.node')
  return gzip
}

function ifLoadable<T>(name: 'gunzip.node' | 'gzip.node'): T | undefined {
  try {
    return createRequire(import.meta.url)(builtPath(name))
  } catch {
    return undefined
  }
}

const NAMES = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]))

/** What is below a folder, as if it were the root. Throws `KERNEL`, `NOT_PERMITTED`. */
export function openRoot(folder: string): NativeRoot {
  const { Root } = native()
  try {
    return new Root(Buffer.from(folder))
  } catch (error) {
    throw kernelError(error, `open ${folder}`)
  }
}

/** Makes a KernelError of what native/ threw: `mount proc on /proc: EPERM`. */
export function kernelError(error: unknown, what: string): KernelError {
  const { errno, syscall, detail } = error as { errno?: number; syscall?: string; detail?: string }
  if (typeof errno !== 'number') throw error
  const name = NAMES.get(errno) ?? `errno ${errno}`
  const code = name === 'EPERM' || name === 'EACCES' ? 'NOT_PERMITTED' : 'KERNEL'
  const reason = detail ? `${name} (${detail})` : name
  return new KernelError(code, `${what}: ${reason}`, { errno: name, syscall, detail, where: what }, { cause: error })
}
