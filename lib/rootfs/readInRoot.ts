import { closeSync, fstatSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { OciError } from '../errors.ts'
import { kernelError, openRoot } from '../kernel.ts'

/** A file below a folder, looked up as if the folder were `/`; undefined when there is no such file. Throws `TOO_LARGE`. */
export function readInRoot(folder: string, path: string, limit: number): Buffer | undefined {
  const root = openRoot(folder)
  try {
    const fd = root.open(Buffer.from(path))
    if (fd === undefined) return undefined
    try {
      const { size } = fstatSync(fd)
      if (size > limit)
        throw new OciError('TOO_LARGE', `${path}: too large (want at most ${limit} bytes, got ${size})`, {
          want: limit,
          got: size,
        })
      return readFileSync(fd)
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error instanceof OciError ? error : kernelError(error, `open ${path}`)
  } finally {
    root.close()
  }
}

// Not there, below a file, or behind a link that leads to itself.
function isAbsent(error: unknown): boolean {
  const { ENOENT, ENOTDIR, ELOOP } = constants.errno
  return [ENOENT, ENOTDIR, ELOOP].includes((error as { errno?: number }).errno ?? 0)
}
