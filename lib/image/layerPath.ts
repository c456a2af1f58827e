import { UnpackError } from '../errors.ts'

const SLASH = '/'
// What Linux takes of a path in one call, and of a name in it. limits.h
export const LONGEST_PATH = 4095
const LONGEST_NAME = 255
/** As many links as Linux follows on the way. */
export const MOST_SYMLINKS = 40

/**
 * A member's name as a path below the root, without dots and leading slashes; empty for the root itself.
 * Throws `PATH_ESCAPES_ROOT` for one that climbs out: umoci would clamp it and docker refuses it, and so do we;
 * `TAR_INVALID` for one that no Linux takes.
 */
export function pathBelow(name: Buffer, where: string): string {
  if (name.length > LONGEST_PATH) throw tooLong(name, where, LONGEST_PATH)
  const parts: string[] = []
  // latin1 keeps every byte as one character, whatever the name's encoding was.
  for (const part of name.toString('latin1').split(SLASH)) {
    if (part === '' || part === '.') continue
    if (part.length > LONGEST_NAME) throw tooLong(name, where, LONGEST_NAME)
    if (part !== '..') parts.push(part)
    else if (parts.pop() === undefined)
      throw new UnpackError('PATH_ESCAPES_ROOT', `${where}: ${name}: leaves the root`, {
        where,
        want: 'a path below the root',
        got: String(name),
      })
  }
  return parts.join(SLASH)
}

function tooLong(name: Buffer, where: string, want: number): UnpackError {
  const start = name.subarray(0, 40)
  return new UnpackError('TAR_INVALID', `${where}: ${start}…: a name too long (want at most ${want} bytes)`, {
    where,
    want,
    got: name.length,
  })
}

/** A path's parts as if the tree were the root: none empty, no dots, and no way up beyond the top. */
export function partsWithin(path: string): string[] {
  const parts: string[] = []
  for (const part of path.split(SLASH)) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return parts
}

export function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf(SLASH), 0))
}

/** The folders above a path, the nearest first; the root is not among them. */
export function* ancestorsOf(path: string): Iterable<string> {
  for (let parent = parentOf(path); parent !== ''; parent = parentOf(parent)) yield parent
}

/** A name in a folder; the root has none. */
export function inFolder(folder: string, name: string): string {
  return folder === '' ? name : `${folder}${SLASH}${name}`
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf(SLASH) + 1)
}

export function toBytes(path: string): Buffer {
  return Buffer.from(path, 'latin1')
}
