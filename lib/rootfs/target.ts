import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { temporaryName } from '../bytes/file.ts'
import { isSystemError, OciError } from '../errors.ts'

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
  const folder = there === undefined ? temporaryName(target) : target
  try {
    if (there === undefined) {
      await mkdir(dirname(folder), { recursive: true })
      await mkdir(folder, { mode: 0o755 })
    }
    await fill(folder)
    if (folder !== target) await rename(folder, target)
  } catch (error) {
    if (folder !== target) await rm(folder, { recursive: true, force: true })
    else for (const name of await readdir(target)) await rm(join(target, name), { recursive: true, force: true })
    throw error
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
