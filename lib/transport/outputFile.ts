import { createWriteStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Bytes } from '../bytes/bytes.ts'
import { kept } from '../bytes/chunks.ts'
import { isSystemError } from '../errors.ts'
import { type Staging, stagingIn } from './staging.ts'

/**
 * Writes what `-o` names, whole or not at all: a file that is there is replaced when the new one is on the disk; a pipe or
 * /dev/stdout is written as it goes. ≙ `docker export -o`
 */
export async function writeOutput(path: string, bytes: Bytes): Promise<void> {
  const staging = await stagingFor(path)
  try {
    await writeFrom(staging, path, bytes)
  } finally {
    await staging.close()
  }
}

/** The same, by way of {@link stagingFor} this file, where other things may wait, too. */
export async function writeFrom(staging: Staging, path: string, bytes: Bytes): Promise<void> {
  if (await isStream(path)) await writeStream(path, bytes)
  else await staging.publish(path, bytes)
}

/** Where what is to become this file may wait: beside it, if that can be. */
export async function stagingFor(path: string): Promise<Staging> {
  return stagingIn((await isStream(path)) ? tmpdir() : dirname(path))
}

/** True for a pipe or a device: renamed over, /dev/stdout would be a stdout no more. */
export async function isStream(path: string): Promise<boolean> {
  // What stands for something open already may be a file.
  if (/^\/(dev|proc)\//.test(path)) return true
  try {
    const found = await stat(path)
    return !found.isFile() && !found.isDirectory()
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return false
    throw error
  }
}

export async function writeStream(path: string, bytes: Bytes): Promise<void> {
  await pipeline(Readable.from(kept(bytes), { objectMode: false }), createWriteStream(path))
}
