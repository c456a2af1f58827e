import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isSystemError, OciError } from '../errors.ts'
import { native } from '../kernel.ts'

const PATIENCE = 60_000

/** A lock file that is held, and the few words kept in it from one holder to the next. */
export interface HeldLock {
  read(): string
  write(text: string): void
  /** The file goes; who waits for it makes a new one. */
  remove(): void
}

/** Who is next in this program: its own tasks need not look again and again. */
const queues = new Map<string, Promise<unknown>>()

/**
 * Does `work` while nobody else holds the lock file `path`, in this program or another. ≙ flock(1)
 * A holder that is killed lets go. Throws `TIMEOUT` when a live one keeps it for a minute.
 */
export async function withFileLock<T>(path: string, work: (lock: HeldLock) => Promise<T>): Promise<T> {
  const before = queues.get(path)
  const mine = (before ?? Promise.resolve()).then(() => underLock(path, work))
  const settled = mine.catch(() => undefined)
  queues.set(path, settled)
  try {
    return await mine
  } finally {
    if (queues.get(path) === settled) queues.delete(path)
  }
}

async function underLock<T>(path: string, work: (lock: HeldLock) => Promise<T>): Promise<T> {
  const fd = await hold(path)
  try {
    return await work({
      read: () => readFileSync(`/proc/self/fd/${fd}`, 'utf8'),
      write(text) {
        writeSync(fd, text.padEnd(fstatSync(fd).size), 0)
      },
      remove: () => rmSync(path, { force: true }),
    })
  } finally {
    closeSync(fd)
  }
}

async function hold(path: string): Promise<number> {
  for (const deadline = Date.now() + PATIENCE; ; ) {
    const fd = openLock(path)
    if (fd !== undefined) {
      // One that was removed while we waited locks nobody out.
      if (native().tryLock(fd) && statSync(path, { throwIfNoEntry: false })?.ino === fstatSync(fd).ino) return fd
      closeSync(fd)
    }
    if (Date.now() > deadline) throw new OciError('TIMEOUT', `${path}: another program holds the lock`, { where: path })
    await sleep(1 + Math.random() * 4)
  }
}

function openLock(path: string): number | undefined {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    return openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600)
  } catch (error) {
    // Whoever was the last to have something in the folder has taken it away meanwhile.
    if (!isSystemError(error, 'ENOENT')) throw error
  }
}
