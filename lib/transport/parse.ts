import { OciError } from '../errors.ts'
import { dirTransport } from './dir.ts'
import { dockerArchive } from './dockerArchive/dockerArchive.ts'
import { dockerDaemon } from './dockerDaemon.ts'
import { ociArchive } from './ociArchive.ts'
import { ociLayout } from './ociLayout.ts'
import { registryTransport } from './registry/transport.ts'
import type { Transport } from './transport.ts'

const KINDS: Record<string, (rest: string) => Transport> = {
  docker: rest => registryTransport(afterSlashes(rest)),
  oci: ociLayout,
  'oci-archive': ociArchive,
  'docker-archive': dockerArchive,
  'docker-daemon': dockerDaemon,
  dir: dirTransport,
}

/**
 * The place a name stands for, in skopeo's spelling (containers-transports(5)). Nothing is opened yet.
 * Throws `REFERENCE_INVALID`.
 */
export function parseTransport(name: string): Transport {
  const colon = name.indexOf(':')
  const kind = name.slice(0, Math.max(colon, 0))
  const make = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined
  if (make === undefined) throw unknown(name, colon < 0 ? 'TRANSPORT:REFERENCE' : Object.keys(KINDS).join(', '))
  return make(name.slice(colon + 1))
}

function afterSlashes(rest: string): string {
  if (rest.startsWith('//')) return rest.slice(2)
  throw unknown(`docker:${rest}`, 'docker://REFERENCE')
}

function unknown(name: string, want: string): OciError {
  return new OciError('REFERENCE_INVALID', `${JSON.stringify(name)}: not a place for images (want ${want})`, {
    want,
    got: name,
  })
}
