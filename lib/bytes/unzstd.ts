import { createZstdDecompress } from 'node:zlib'
import { OciError } from '../errors.ts'
import type { Bytes } from './bytes.ts'
import type { Rewindable } from './rewindable.ts'
import { type Engine, through } from './zlibEngine.ts'

const CHUNK = 256 << 10

/** The bytes inside of any number of zstd frames; node:zlib by itself stops after the first. RFC 8878. Throws `ZSTD_INVALID`. */
export async function* unzstd(source: Rewindable, where: string): Bytes {
  for (let chunk = await source.next(); chunk !== undefined; chunk = await source.next()) {
    source.putBack(chunk)
    const engine = createZstdDecompress({ chunkSize: CHUNK }) as Engine
    yield* through(source, engine, error => zstdInvalid(where, error))
  }
}

function zstdInvalid(where: string, cause: Error): OciError {
  return new OciError('ZSTD_INVALID', `${where}: ${cause.message}`, { where }, { cause })
}
