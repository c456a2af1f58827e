import { mkdir, open, readdir, rename } from 'node:fs/promises'
import { constants } from 'node:os'
import { dirname } from 'node:path'
import { isSystemError, OciError } from '../errors.ts'
import { kernelError, native } from '../kernel.ts'
import { stagingIn, sweepStaging } from '../transport/staging.ts'

/**
 * Fills a folder that is absent or empty, whole or not at all: one that is absent is filled under another name and
 * renamed, one that is there (a mount point, maybe) is emptied again when it goes wrong. `mode` is for one that is made.
 * Throws `TARGET_EXISTS`.
 */
export async function fillFolder(
  target: string,
  fill: (folder: string) => Promise<void>,
  { mode = 0o755 } = {},
): Promise<void> {
  if ((await contents(target)) === undefined) await fillBeside(target, fill, mode)
  else await fillInPlace(target, () => fill(target))
}

/** In a staging folder: what a killed process leaves there is cleared away by the next one. */
async function fillBeside(target: string, fill: (folder: string) => Promise<void>, mode: number): Promise<void> {
  await mkdir(dirname(target), { recursive: true })
  const staging = stagingIn(dirname(target))
  try {
    const folder = await staging.file()
    try {
      await mkdir(folder, { mode })
      await fill(folder)
      await giveName(folder, target)
    } catch (error) {
      emptied(folder)
      throw error
    }
  } finally {
    await staging.close()
  }
}

/** Somebody else may have been faster. */
async function giveName(folder: string, target: string): Promise<void> {
  try {
    await rename(folder, target)
  } catch (error) {
    if (!isSystemError(error)) throw error
    mustBeEmpty(target, await contents(target))
    throw error
  }
}

/**
 * Fills a folder that is there, while nobody else does; when that goes wrong it is emptied again. Throws `TARGET_EXISTS`
 * where there is something in it that no killed process of ours has left unfinished, and where another program is at it.
 */
async function fillInPlace(target: string, fill: () => Promise<void>): Promise<void> {
  const folder = await open(target, 'r')
  try {
    if (!native().tryLock(folder.fd))
      throw new OciError('TARGET_EXISTS', `${target}: another program is filling it`, { where: target })
    await sweepStaging(target)
    mustBeEmpty(target, await contents(target))
    try {
      await fill()
    } catch (error) {
      emptied(target)
      throw error
    }
  } finally {
    await folder.close()
  }
}

function mustBeEmpty(target: string, there: readonly string[] | undefined): void {
  if (there !== undefined && there.length > 0)
    throw new OciError('TARGET_EXISTS', `${target}: not empty (has ${there[0]})`, {
      where: target,
      want: 'an empty folder, or none',
      got: there.slice(0, 10),
    })
}

/** By hand of our own: an image may be deeper than any path that Node could remove. */
function emptied(folder: string): void {
  try {
    const root = new (native().Root)(Buffer.from(folder))
    try {
      for (const name of root.readdir(Buffer.alloc(0))) root.remove(name)
    } finally {
      root.close()
    }
  } catch (error) {
    if ((error as { errno?: number }).errno !== constants.errno.ENOENT) throw kernelError(error, `empty ${folder}`)
  }
}

async function contents(path: string): Promise<string[] | undefined> {
  try {
    return await readdir(path)
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined
    if (isSystemError(error, 'ENOTDIR'))
      throw new OciError('TARGET_EXISTS', `${path}: not a folder`, { where: path }, { cause: error })
    throw error
  }
}
