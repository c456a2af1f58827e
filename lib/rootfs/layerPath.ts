import { UnpackError } from '../errors.ts'

const SLASH = '/'

/**
 * A member's name as a path below the root, without dots and leading slashes; empty for the root itself.
 * Throws `PATH_ESCAPES_ROOT` for one that climbs out: umoci would clamp it and docker refuses it, and so do we.
 */
export function pathBelow(name: Buffer, where: string): string {
  const parts: string[] = []
  // latin1 keeps every byte as one character, whatever the name's encoding was.
  for (const part of name.toString('latin1').split(SLASH)) {
    if (part === '' || part === '.') continue
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

export function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf(SLASH), 0))
}

/** The folders above a path, the nearest first; the root is not among them. */
export function* ancestorsOf(path: string): Iterable<string> {
  for (let parent = parentOf(path); parent !== ''; parent = parentOf(parent)) yield parent
}

export function toBytes(path: string): Buffer {
  return Buffer.from(path, 'latin1')
}
