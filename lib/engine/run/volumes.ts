import { isAbsolute, normalize } from 'node:path'
import { OciError } from '../../errors.ts'
import type { Mount } from '../../spec/runtimeConfig.ts'

/** A folder or file of the host's, or a named volume, and where it is in the container. */
export interface VolumeRequest {
  /** An absolute path, the name of a volume, or nothing for a volume without a name. */
  readonly source?: string
  readonly target: string
  readonly readonly: boolean
  readonly propagation?: string
}

const PROPAGATION = ['shared', 'slave', 'private', 'rshared', 'rslave', 'rprivate']

/** Reads `/host:/container[:ro]`, `name:/container`, `/container`. ≙ docker run --volume. Throws `ARGUMENT_INVALID`. */
export function parseVolume(text: string): VolumeRequest {
  const parts = text.split(':')
  if (parts.length > 3 || parts.includes('')) throw invalid(`invalid volume specification: '${text}'`, text)
  const [first = '', second, mode = ''] = parts
  const [source, target] = second === undefined ? [undefined, first] : [first, second]
  if (!isAbsolute(target)) throw invalid(`invalid mount path: '${target}' mount path must be absolute`, text)
  if (normalize(target) === '/') throw invalid(`invalid specification: destination can't be '/'`, text)
  if (source !== undefined && !isAbsolute(source) && !/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(source))
    throw invalid(
      `"${source}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed`,
      text,
    )
  const words = mode === '' ? [] : mode.split(',')
  const unknown = words.find(word => !['ro', 'rw', 'z', 'Z', ...PROPAGATION].includes(word))
  if (unknown !== undefined) throw invalid(`invalid mode: ${mode}`, text)
  return {
    source,
    target: normalize(target).replace(/(.)\/$/, '$1'),
    readonly: words.includes('ro'),
    propagation: words.find(word => PROPAGATION.includes(word)),
  }
}

/** The mount of config.json for a volume whose folder is known. */
export function volumeMount({ target, readonly, propagation }: VolumeRequest, folder: string): Mount {
  return {
    destination: target,
    type: 'bind',
    source: folder,
    options: ['rbind', readonly ? 'ro' : 'rw', propagation ?? 'rprivate'],
  }
}

function invalid(message: string, got: string): OciError {
  return new OciError('ARGUMENT_INVALID', `-v ${got}: ${message}`, { got, where: '--volume' })
}
