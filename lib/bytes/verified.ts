import { OciError } from '../errors.ts'
import { algorithmOf, type Digest, digester, shortDigest } from '../spec/digest.ts'
import type { Bytes } from './bytes.ts'

/**
 * Passes the bytes on and checks them while they pass.
 * Throws `SIZE_INVALID` as soon as there are too many, or `SIZE_INVALID` or `DIGEST_INVALID` at the end.
 */
export async function* verified(bytes: Bytes, want: { digest: Digest; size?: number }, where: string): Bytes {
  const hash = digester(algorithmOf(want.digest))
  let size = 0
  for await (const chunk of bytes) {
    size += chunk.length
    // Never read on: a body without end would fill the disk.
    if (want.size !== undefined && size > want.size) throw wrongSize(where, want.size, `more than ${want.size}`)
    hash.update(chunk)
    yield chunk
  }
  if (want.size !== undefined && size !== want.size) throw wrongSize(where, want.size, size)
  const got = hash.digest()
  if (got !== want.digest)
    throw new OciError(
      'DIGEST_INVALID',
      `${where}: the bytes are not what the digest says (want ${shortDigest(want.digest)}, got ${shortDigest(got)})`,
      {
        want: want.digest,
        got,
        where,
      },
    )
}

function wrongSize(where: string, want: number, got: number | string): OciError {
  return new OciError('SIZE_INVALID', `${where}: wrong size (want ${want} bytes, got ${got})`, { want, got, where })
}
