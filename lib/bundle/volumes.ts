import { join } from 'node:path/posix'
import { OciError } from '../errors.ts'
import type { ProcessDefaults } from '../spec/imageConfig.ts'
import { shown } from '../spec/parse.ts'

/**
 * The folders that an image wants to be volumes: each once, and those above before those in them. A relative one is below
 * the root, as for Docker. image-spec config.md § Volumes. Throws `CONFIG_INVALID` for the root itself, and for NUL.
 */
export function imageVolumes({ Volumes = {} }: ProcessDefaults = {}): string[] {
  return [...new Set(Object.keys(Volumes).map(volume))].sort((a, b) => depth(a) - depth(b) || (a < b ? -1 : 1))
}

function volume(path: string): string {
  const whole = join('/', path).replace(/(.)\/$/, '$1')
  const wrong = whole === '/' ? 'the root cannot be a volume' : whole.includes('\0') ? 'has a NUL' : undefined
  if (wrong === undefined) return whole
  throw new OciError('CONFIG_INVALID', `config: Volumes: ${shown(path)}: ${wrong}`, { got: path })
}

/** How many folders down a path is. */
export function depth(path: string): number {
  return path.split('/').filter(part => part !== '').length
}
