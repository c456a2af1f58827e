import { mkdir, readdir, rename } from 'node:fs/promises'
import { constants } from 'node:os'
import { dirname } from 'node:path'
import { isSystemError, OciError } from '../errors.ts'
import { kernelError, native } from '../kernel.ts'
import { stagingIn } from '../transport/staging.ts'

/**
 * Fills a folder that is absent or empty, whole or not at all: one that is absent is filled under another name and
 * renamed, one that is there (a mount point, maybe) is emptied again when it goes wrong. Throws `TARGET_EXISTS`.
 */
export async function fillFolder(target: string, fill: (folder: string) => Promise<void>): Promise<void> {
  const there = await contents(target)
  if (there !== undefined && there.length > 0)
    throw new OciError('TARGET_EXISTS', `${target}: not empty (has ${there[0]})`, {
      where: target,
      want: 'an empty folder, or none',
      got: there.slice(0, 10),
    })
  if (there === undefined) await fillBeside(target, fill)
  else await fillInPlace(target, fill)
}

/** In a staging folder: what a killed process leaves there is cleared away by the next one. */
async function fillBeside(target: string, fill: (folder: string) => Promise<void>): Promise<void> {
  await mkdir(dirname(target), { recursive: true })
  const staging = stagingIn(dirname(target))
  try {
    const folder = await staging.file()
    try {
      await mkdir(folder, { mode: 0o755 })
      await fill(folder)
      await rename(folder, target)
    } catch (error) {
      emptied(folder)
      throw error
    }
  } finally {
    await staging.close()
  }
}

async function fillInPlace(target: string, fill: (folder: string) => Promise<void>): Promise<void> {
  try {
    await fill(target)
  } catch (error) {
    emptied(target)
    throw error
  }
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
