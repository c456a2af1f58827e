import { closeSync, constants, openSync, readdirSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { isSystemError, KernelError } from '../../errors.ts'

/** What a control file says, without the line break at its end; nothing when it or its cgroup is not there (any more). */
export function readControl(folder: string, file: string): string | undefined {
  try {
    return readFileSync(join(folder, file), 'utf8').trim()
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ENODEV') || isSystemError(error, 'EOPNOTSUPP')) return
    throw refused(error, `read ${join(folder, file)}`, { file: join(folder, file) })
  }
}

/**
 * Writes a value to a control file in one system call. Throws `NOT_PERMITTED` or `KERNEL` with `errno`, `file`, `value`
 * and, as `where`, what of config.json asked for it.
 */
export function writeControl(folder: string, file: string, value: string, where?: string): void {
  const path = join(folder, file)
  try {
    // Never O_CREAT: the kernel's answer to that is EPERM, which would hide that the file is not there.
    const fd = openSync(path, constants.O_WRONLY | constants.O_TRUNC)
    try {
      writeSync(fd, value)
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    throw refused(error, `write ${JSON.stringify(value)} to ${path}`, { file: path, value, where })
  }
}

/** The `key value` lines of a control file, values as they are written. */
export function readPairs(folder: string, file: string): Map<string, string> {
  const lines = readControl(folder, file)?.split('\n') ?? []
  return new Map(
    lines.map((line): [string, string] => {
      const space = line.indexOf(' ')
      return [line.slice(0, space), line.slice(space + 1)]
    }),
  )
}

/** The cgroups right below a cgroup; none when it is not there. */
export function childrenOf(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true })
    return entries.filter(entry => entry.isDirectory()).map(({ name }) => join(folder, name))
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ENODEV')) return []
    throw refused(error, `list ${folder}`, { file: folder })
  }
}

/** Makes a KernelError of what node:fs threw: `linux.resources.memory.limit: write "1" to /sys/…: EBUSY`. */
export function refused(error: unknown, what: string, data: { file: string; value?: string; where?: string }) {
  if (!isSystemError(error)) throw error
  const { code: errno, syscall } = error
  const denied = errno === 'EPERM' || errno === 'EACCES' || errno === 'EROFS'
  const message = `${data.where === undefined ? '' : `${data.where}: `}${what}: ${errno}`
  const details = { where: data.file, ...withoutNothing(data), errno, syscall }
  return new KernelError(denied ? 'NOT_PERMITTED' : 'KERNEL', message, details, { cause: error })
}

/** The errno's name when `error` is a refusal of the kernel, of {@link refused}. */
export function errnoOf(error: unknown): string | undefined {
  return (error as { data?: { errno?: string } } | undefined)?.data?.errno
}

/** Whether the kernel knows no such file, or no such cgroup any more: whoever ends a container may be a moment late. */
export function isGone(error: unknown): boolean {
  const errno = errnoOf(error)
  return errno === 'ENOENT' || errno === 'ENODEV'
}

/** Waits without letting anything else run: everything here is synchronous. */
export function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}

function withoutNothing<T extends object>(data: T): Partial<T> {
  return Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined)) as Partial<T>
}
