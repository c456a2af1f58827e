import { write, writeSync } from 'node:fs'
import { promisify } from 'node:util'
import type { Bytes } from '../bytes/bytes.ts'
import { inFile } from '../errors.ts'

// Below it, handing a chunk to another thread takes longer than writing it.
const WORTH_A_THREAD = 128 << 10

const writeAside = promisify(write)

/** Writes a file's contents; `path` is how errors call it. A large chunk is written by another thread while the next one is inflated, hashed and read. */
export async function writeBody(fd: number, body: Bytes, path: string): Promise<void> {
  let before: Promise<void> | undefined
  try {
    for await (const chunk of body) {
      await before
      before = undefined
      if (chunk.length < WORTH_A_THREAD) writeHere(fd, chunk, path)
      else before = writeThere(fd, chunk, path)
      // Its error is ours when it is awaited.
      before?.catch(() => undefined)
    }
  } finally {
    // Nobody may close the descriptor before.
    await before
  }
}

function writeHere(fd: number, chunk: Uint8Array, path: string): void {
  try {
    for (let at = 0; at < chunk.length; ) at += writeSync(fd, chunk, at)
  } catch (error) {
    inFile(path)(error)
  }
}

async function writeThere(fd: number, chunk: Uint8Array, path: string): Promise<void> {
  for (let at = 0; at < chunk.length; ) at += (await writeAside(fd, chunk, at).catch(inFile(path))).bytesWritten
}
