import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isSystemError, OciError } from '../errors.ts'
import { parseJson, withoutNulls } from '../spec/goJson.ts'
import { checkRuntimeConfig } from '../spec/runtime/check.ts'
import type { RuntimeConfig } from '../spec/runtimeConfig.ts'

const LARGEST = 4 << 20

/** A bundle's config.json, with nothing wrong in it. Throws `CONFIG_INVALID`, `TOO_LARGE` over 4 MiB. */
export function readRuntimeConfig(bundle: string): RuntimeConfig {
  const file = join(bundle, 'config.json')
  return checkRuntimeConfig(withoutNulls(readConfigJson(file)), file)
}

/** What a config.json says, whatever it is. Throws `CONFIG_INVALID` where there is none, `TOO_LARGE` over 4 MiB. */
export function readConfigJson(file: string): unknown {
  const fd = openConfig(file)
  try {
    const is = fstatSync(fd)
    if (!is.isFile()) throw notFound(file)
    if (is.size > LARGEST)
      throw new OciError('TOO_LARGE', `${file}: too large (want at most ${LARGEST} bytes, got ${is.size})`, {
        where: file,
        want: LARGEST,
        got: is.size,
      })
    return parseJson(readFileSync(fd), file, 'CONFIG_INVALID')
  } finally {
    closeSync(fd)
  }
}

function openConfig(file: string): number {
  try {
    // A fifo would keep us waiting for ever.
    return openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ENOTDIR') || isSystemError(error, 'ENXIO'))
      throw notFound(file, error)
    throw error
  }
}

// The words are runc's: programs that drive it look for them.
function notFound(file: string, cause?: unknown): OciError {
  return new OciError(
    'CONFIG_INVALID',
    `${file}: JSON specification file config.json not found`,
    { where: file, hint: 'ocilab spec writes one' },
    { cause },
  )
}
