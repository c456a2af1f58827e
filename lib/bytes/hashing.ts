import { nativeIfBuilt } from '../kernel.ts'
import { type Algorithm, type Digest, digester } from '../spec/digest.ts'

/** A digest that is taken beside: who waits for it can do something else meanwhile. */
export interface Hashing {
  /** Until it resolves the chunks stay as they are, and no more are given. */
  update(chunks: readonly Uint8Array[]): Promise<void>
  digest(): Digest
}

// The way to another thread and back costs as much as the hash of so many bytes.
const WORTH_A_THREAD = 1 << 20

/**
 * Hashes on a libuv thread, so that a large blob is received while what came before is hashed: on two processors that
 * is a fifth of a pull's time, and a third of what a registry takes for a PUT. Small blobs, whose `size` is known, and
 * systems without native/ are hashed on the spot.
 */
export function hashing(algorithm: Algorithm = 'sha256', size = Number.POSITIVE_INFINITY): Hashing {
  const Hash = size < WORTH_A_THREAD ? undefined : nativeIfBuilt()?.Hash
  if (Hash === undefined) return onTheSpot(algorithm)
  const hash = new Hash(algorithm)
  return {
    update: chunks => hash.update(chunks),
    digest: () => `${algorithm}:${hash.digest().toString('hex')}` as Digest,
  }
}

function onTheSpot(algorithm: Algorithm): Hashing {
  const hash = digester(algorithm)
  return {
    async update(chunks) {
      for (const chunk of chunks) hash.update(chunk)
    },
    digest: () => hash.digest(),
  }
}
