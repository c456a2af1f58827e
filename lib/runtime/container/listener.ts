import { closeSync } from 'node:fs'
import { kernelError, native } from '../../kernel.ts'
import type { Seccomp } from '../../spec/linuxConfig.ts'
import type { ContainerState } from '../../spec/runtimeConfig.ts'

/**
 * Hands the descriptor over which a filter asks, of the process it was set in, to whoever answers at `listenerPath`, with
 * the state of the container. runtime-linux.md § The Container Process State. Throws `KERNEL` naming the socket.
 */
export function handOverListener(
  pid: number,
  descriptor: number,
  { listenerPath, listenerMetadata }: Seccomp,
  state: ContainerState,
): void {
  const { ociVersion } = state
  const words = { ociVersion, fds: ['seccompFd'], pid, ...(listenerMetadata && { metadata: listenerMetadata }), state }
  const where = `linux.seccomp.listenerPath: ${listenerPath}`
  handOver(where, listenerPath!, JSON.stringify(words), () => native().descriptorOf(pid, descriptor))
}

/** Hands a descriptor of the process itself to whoever waits at the socket. ≙ `runc --pidfd-socket` */
export function handOverPidfd(pid: number, socket: string): void {
  handOver(`--pidfd-socket: ${socket}`, socket, 'pidfd', () => native().pidfd(pid))
}

function handOver(where: string, socket: string, words: string, open: () => number): void {
  let fd = -1
  try {
    fd = open()
    native().sendDescriptor(socket, words, fd)
  } catch (error) {
    throw kernelError(error, where)
  } finally {
    if (fd >= 0) closeSync(fd)
  }
}
