import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { type Algorithm, type Digest, digestOf } from '../../../../spec/digest.ts'
import { parseIndex } from '../../../../spec/manifest.ts'
import { summarize } from './summary.ts'

/** Every blob is what its name says, and every manifest has all it needs. */
export function mustBeWhole(root: string): void {
  for (const path of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    const [, algorithm, hex] = /(?:^|\/)blobs\/(sha256|sha512)\/([^/]+)$/.exec(path) ?? []
    if (hex) expect(digestOf(readFileSync(join(root, path)), algorithm as Algorithm)).toBe(`${algorithm}:${hex}`)
    if (!path.endsWith('/index.json')) continue
    const layout = join(root, path, '..')
    expect(readFileSync(join(layout, 'oci-layout'), 'utf8')).toContain('1.0.0')
    const read = (digest: Digest) => readFileSync(join(layout, 'blobs', digest.replace(':', '/')))
    for (const { digest, mediaType } of parseIndex(readFileSync(join(root, path)), path).manifests)
      for (const part of summarize(read(digest), mediaType).parts) read(part.digest)
  }
}
