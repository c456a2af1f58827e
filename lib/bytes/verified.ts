import { OciError } from '../errors.ts'
import { algorithmOf, type Digest, digester, shortDigest } from '../spec/digest.ts'
import type { Bytes } from './bytes.ts'
import { hashing } from './hashing.ts'

/** What bytes must be, as far as it is known. */
interface Wanted {
  digest?: Digest
  size?: number
}

/** Bytes that are given piece by piece. */
export interface Verifier<Update = void> {
  /** Throws `SIZE_INVALID` as soon as there are too many. */
  update(chunk: Uint8Array): Update
  /** What they were; throws `SIZE_INVALID` or `DIGEST_INVALID` when that is not what was wanted. */
  end(): { digest: Digest; size: number }
}

export function verifier(want: Wanted, where: string): Verifier {
  const hash = digester(want.digest && algorithmOf(want.digest))
  return checking(want, where, hash, chunk => hash.update(chunk))
}

/** The same, beside the main thread: each chunk stays as it is until its update has resolved, and only then comes the next. */
export function verifierBeside(want: Wanted, where: string): Verifier<Promise<void>> {
  const hash = hashing(want.digest && algorithmOf(want.digest), want.size)
  return checking(want, where, hash, chunk => hash.update([chunk]))
}

function checking<Update>(
  want: Wanted,
  where: string,
  hash: { digest(): Digest },
  hashed: (chunk: Uint8Array) => Update,
): Verifier<Update> {
  let size = 0
  return {
    update(chunk) {
      size += chunk.length
      // Never read on: a body without end would fill the disk.
      if (want.size !== undefined && size > want.size) throw wrongSize(where, want.size, `more than ${want.size}`)
      return hashed(chunk)
    },
    end() {
      if (want.size !== undefined && size !== want.size) throw wrongSize(where, want.size, size)
      const got = hash.digest()
      if (want.digest === undefined || got === want.digest) return { digest: got, size }
      const [wanted, found] = [shortDigest(want.digest), shortDigest(got)]
      throw new OciError(
        'DIGEST_INVALID',
        `${where}: the bytes are not what the digest says (want ${wanted}, got ${found})`,
        { want: want.digest, got, where },
      )
    },
  }
}

/**
 * Passes the bytes on and checks them while they pass: each chunk is hashed beside the main thread while its reader works.
 * Throws `SIZE_INVALID` as soon as there are too many, or `SIZE_INVALID` or `DIGEST_INVALID` at the end.
 */
export async function* verified(bytes: Bytes, want: { digest: Digest; size?: number }, where: string): Bytes {
  const check = verifierBeside(want, where)
  for await (const chunk of bytes) {
    const hashed = check.update(chunk)
    yield chunk
    await hashed
  }
  check.end()
}

function wrongSize(where: string, want: number, got: number | string): OciError {
  return new OciError('SIZE_INVALID', `${where}: wrong size (want ${want} bytes, got ${got})`, { want, got, where })
}
