import { createHash } from 'node:crypto'
import { OciError } from '../errors.ts'

declare const brand: unique symbol

export type Algorithm = 'sha256' | 'sha512'

/** `sha256:<64 hex>`: the name of some bytes. Only {@link parseDigest} and {@link digestOf} make one. image-spec descriptor.md § Digests. */
export type Digest = `${Algorithm}:${string}` & { readonly [brand]: 'Digest' }

const HEX_LENGTH: Record<Algorithm, number> = { sha256: 64, sha512: 128 }

/** Checks that `text` is a digest of a registered algorithm. Throws `DIGEST_INVALID`. */
export function parseDigest(text: unknown, where = 'digest'): Digest {
  const [, algorithm, encoded] = typeof text === 'string' ? (/^([a-z0-9]+):([a-f0-9]+)$/.exec(text) ?? []) : []
  if (encoded === undefined || HEX_LENGTH[algorithm as Algorithm] !== encoded.length)
    throw new OciError('DIGEST_INVALID', `${where}: not a digest (want sha256:<64 hex>, got ${shown(text)})`, {
      want: 'sha256:<64 hex> or sha512:<128 hex>',
      got: text,
      where,
    })
  return text as Digest
}

export function isDigest(text: unknown): text is Digest {
  try {
    parseDigest(text)
    return true
  } catch {
    return false
  }
}

/** The digest of `bytes`. ≙ `sha256sum` */
export function digestOf(bytes: Uint8Array | string, algorithm: Algorithm = 'sha256'): Digest {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}` as Digest
}

/** A digest that is fed piece by piece. */
export interface Digester {
  update(chunk: Uint8Array): void
  digest(): Digest
}

export function digester(algorithm: Algorithm = 'sha256'): Digester {
  const hash = createHash(algorithm)
  return {
    update: chunk => void hash.update(chunk),
    digest: () => `${algorithm}:${hash.digest('hex')}` as Digest,
  }
}

export function algorithmOf(digest: Digest): Algorithm {
  return digest.slice(0, digest.indexOf(':')) as Algorithm
}

/** The hex part: a blob's file name in a layout. */
export function hexOf(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1)
}

/** The first twelve hex digits, as docker and skopeo print them. */
export function shortDigest(digest: Digest): string {
  return hexOf(digest).slice(0, 12)
}

function shown(value: unknown): string {
  // What an object would say of itself is its own business: it may have a toString that is none.
  const text =
    typeof value === 'string' ? JSON.stringify(value) : typeof value === 'object' ? 'an object' : String(value)
  return text.length > 100 ? `${text.slice(0, 100)}…` : text
}
