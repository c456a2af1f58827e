import { randomBytes } from 'node:crypto'
import { link, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { isSystemError, OciError } from '../errors.ts'
import type { Options } from '../events.ts'
import { ownerState, ownMark } from './owner.ts'

const PATIENCE = 60_000
// Who is between making the lock and signing it needs microseconds; who works under it, milliseconds.
const UNSIGNED_LIFE = 5_000
const FOREIGN_LIFE = 60_000

/**
 * Does `work` while no other process does the same: the file `path` is the lock and says whose it is.
 * The lock of a killed process is broken. Throws `TIMEOUT` when a live one keeps it for a minute.
 */
export async function withLock<T>(path: string, work: () => Promise<T>, options: Options = {}): Promise<T> {
  const signature = `${ownMark()}.${randomBytes(4).toString('hex')}`
  for (const deadline = Date.now() + PATIENCE; !(await taken(path, signature)); ) {
    options.signal?.throwIfAborted()
    if (await isStale(path)) continue
    if (Date.now() > deadline)
      throw new OciError('TIMEOUT', `${path}: another process holds the lock`, {
        where: path,
        hint: `remove ${path} if no other process uses it`,
      })
    await sleep(2 + Math.random() * 20)
  }
  try {
    return await work()
  } finally {
    if ((await look(path))?.signature === signature) await rm(path, { force: true })
  }
}

async function taken(path: string, signature: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx', 0o644)
    try {
      await file.writeFile(signature)
    } catch (error) {
      // On a full disk there is room for the name of a lock, but not for what it says.
      await rm(path, { force: true })
      throw error
    } finally {
      await file.close()
    }
    return true
  } catch (error) {
    if (isSystemError(error, 'EEXIST')) return false
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
  const aside = `${path}.${randomBytes(4).toString('hex')}`
  try {
    await rename(path, aside)
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return true
    throw error
  }
  // Between the look and the rename somebody else may have broken it and taken a new one: give that back.
  const moved = await readFile(aside, 'utf8')
  if (moved !== before.signature) await link(aside, path).catch(() => undefined)
  await rm(aside, { force: true })
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
