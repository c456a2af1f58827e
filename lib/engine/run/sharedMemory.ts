import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { emit, type Options } from '../../events.ts'
import { type ContainerRecord, isSandbox } from './record.ts'
import type { Home } from './store.ts'

/**
 * The folder that is /dev/shm of all containers of a pod that shares `ipc`: what POSIX calls shared memory are files,
 * which no namespace shares. /run is in memory itself, so nothing needs to be mounted on the host for it.
 */
export function sharedMemory(home: Home, { pod }: ContainerRecord): string | undefined {
  return pod?.share.includes('ipc') ? join(dirname(home.runtimeRoot), `shm-${pod.sandbox}`) : undefined
}

/** Makes it with the sandbox, and empty: that of the last time is gone. */
export function makeSharedMemory(home: Home, record: ContainerRecord, options: Options = {}): void {
  const path = sharedMemory(home, record)
  if (path === undefined || !isSandbox(record)) return
  emit(options, { type: 'change', undo: { kind: 'directory', path } })
  mkdirSync(path, { recursive: true, mode: 0o700 })
  // Whatever the umask is.
  chmodSync(path, 0o1777)
}

/** Takes it away with the sandbox; whoever still has it mounted keeps it until they end. */
export function removeSharedMemory(home: Home, record: ContainerRecord, options: Options = {}): void {
  const path = sharedMemory(home, record)
  if (path === undefined || !isSandbox(record)) return
  rmSync(path, { recursive: true, force: true })
  emit(options, { type: 'undone', undo: { kind: 'directory', path } })
}
