import { readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { openBundle } from '../bundle/bundle.ts'
import { fileBytes } from '../bytes/file.ts'
import { verified } from '../bytes/verified.ts'
import { sentence } from '../errors.ts'
import { digestOf, parseDigest } from '../spec/digest.ts'
import { openImageAt } from '../transport/openImageAt.ts'

/** What a matcher of vitest or jest answers. */
export interface Matched {
  readonly pass: boolean
  message(): string
}

/**
 * Matchers for `expect.extend(ociMatchers)`, in vitest and jest: tests of images and bundles, whatever tool made them.
 * Each is awaited: `await expect('oci-demo-app').toBeOciLayout('v0')`.
 */
export const ociMatchers = {
  /** A folder is an OCI layout, and every byte of the image of that tag (or of its only one) is what its digest says. */
  toBeOciLayout: (path: string, tag?: string): Promise<Matched> =>
    holds(`${path}: an OCI layout${tag ? ` with ${tag}` : ''}`, () =>
      openImageAt(`oci:${path}${tag ? `:${tag}` : ''}`, async image => {
        for (const layer of image.layers) for await (const _ of layer.uncompressed());
      }),
    ),

  /** Bytes, or the file of that path, have this digest. */
  toHaveDigest: (subject: string | Uint8Array, digest: string): Promise<Matched> =>
    holds(`${typeof subject === 'string' ? subject : 'the bytes'}: ${digest}`, async () => {
      const bytes = typeof subject === 'string' ? await readFile(subject) : subject
      const [algorithm = ''] = digest.split(':')
      const got = digestOf(bytes, algorithm === 'sha512' ? 'sha512' : 'sha256')
      if (got !== digest) throw new Error(`got ${got}`)
    }),

  /** A file of a layout is named by the digest of its bytes. */
  toBeBlob: (path: string): Promise<Matched> =>
    holds(`${path}: a blob`, async () => {
      const digest = parseDigest(`sha256:${basename(path)}`, path)
      for await (const _ of verified(fileBytes(path), { digest }, path));
    }),

  /** A folder is a bundle: a config.json that is one, and the root file system that it names. */
  toBeOciBundle: (path: string): Promise<Matched> =>
    holds(`${path}: a bundle`, async () => {
      const bundle = await openBundle(path)
      await stat(bundle.rootfs)
    }),
}

async function holds(claim: string, look: () => Promise<void>): Promise<Matched> {
  try {
    await look()
    return { pass: true, message: () => `${claim}: it is (want that it is not)` }
  } catch (error) {
    return { pass: false, message: () => `${claim}: it is not (${sentence(error)})` }
  }
}
