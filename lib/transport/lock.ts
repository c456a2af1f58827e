import { randomBytes } from 'node:crypto'
import { type FileHandle, open, readFile, rm, stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { isSystemError, OciError } from '../errors.ts'
import type { Options } from '../events.ts'
import { ownerState, ownMark } from './owner.ts'

const PATIENCE = 60_000
// Who is between making the lock and signing it needs microseconds; who works under it touches it often enough.
const UNSIGNED_LIFE = 5_000
const FOREIGN_LIFE = 60_000

export interface LockOptions extends Options {
  /** How many milliseconds a live owner may keep it from us; a minute unless it is said. */
  patience?: number
  /** Called once, when somebody else has it. */
  onWait?(): void
}

/**
 * Does `work` while no other process does the same: the file `path` is the lock and says whose it is.
 * The lock of a killed process is broken. Throws `TIMEOUT` when a live one keeps it for longer than `patience`.
 */
export async function withLock<T>(path: string, work: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  const lock = await take(path, options)
  // Who is in another container cannot see that we live, but how old the lock is.
  const beat = setInterval(() => lock.utimes(new Date(), new Date()).catch(() => undefined), FOREIGN_LIFE / 4).unref()
  try {
    return await work()
  } finally {
    clearInterval(beat)
    await letGo(path, lock)
  }
}

/** Waits until it is ours, and keeps it open: by that we know it again. */
async function take(path: string, { signal, patience = PATIENCE, onWait }: LockOptions): Promise<FileHandle> {
  const signature = `${ownMark()}.${randomBytes(4).toString('hex')}`
  const begun = Date.now()
  for (let isTold = false; ; await sleep(2 + Math.random() * 20)) {
    let lock = await taken(path, signature)
    while (lock === undefined && (await isStale(path))) lock = await taken(path, signature)
    if (lock !== undefined) return lock
    signal?.throwIfAborted()
    if (!isTold) onWait?.()
    isTold = true
    if (Date.now() - begun > patience)
      throw new OciError('TIMEOUT', `${path}: another process holds the lock`, {
        where: path,
        hint: `remove ${path} if no other process uses it`,
      })
  }
}

/**
 * Takes the name away, unless somebody has broken the lock: then ours has none. Nothing is opened for that: a program that
 * has no descriptor left must not keep a lock for as long as it lives.
 */
async function letGo(path: string, lock: FileHandle): Promise<void> {
  try {
    if ((await lock.stat()).nlink > 0) await rm(path, { force: true })
  } catch (error) {
    // One that cannot be removed is left unsigned: that is soon taken away, and not only when we have ended.
    await lock.truncate()
    throw error
  } finally {
    await lock.close()
  }
}

async function taken(path: string, signature: string): Promise<FileHandle | undefined> {
  try {
    const file = await open(path, 'wx', 0o644)
    try {
      await file.writeFile(signature)
    } catch (error) {
      // On a full disk there is room for the name of a lock, but not for what it says.
      await file.close()
      await rm(path, { force: true })
      throw error
    }
    return file
  } catch (error) {
    if (isSystemError(error, 'EEXIST')) return undefined
    throw error
  }
}

/** Looks whether the owner has ended, and if so takes the lock away. */
async function isStale(path: string): Promise<boolean> {
  const before = await look(path)
  if (before === undefined) return true
  const state = ownerState(before.signature)
  const life = before.signature === '' ? UNSIGNED_LIFE : FOREIGN_LIFE
  if (state === 'alive' || (state === 'unknown' && before.age < life)) return false
  // One at a time: what the first takes at once must not be taken for the dead one by the second.
  const breaking = `${path}.breaking`
  const breaker = await taken(breaking, '')
  if (breaker === undefined) {
    if (((await look(breaking))?.age ?? 0) > UNSIGNED_LIFE) await rm(breaking, { force: true })
    return false
  }
  try {
    if ((await look(path))?.signature === before.signature) await rm(path, { force: true })
  } finally {
    await letGo(breaking, breaker)
  }
  return true
}

async function look(path: string): Promise<{ signature: string; age: number } | undefined> {
  try {
    const signature = await readFile(path, 'utf8')
    return { signature, age: Date.now() - (await stat(path)).mtimeMs }
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined
    throw error
  }
}
