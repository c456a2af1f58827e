import { describe, expect, it } from 'vitest'
import { digestOf, parseDigest } from './digest.ts'
import { detectMediaType, type Manifest, parseIndex, parseManifest, writeManifest } from './manifest.ts'
import {
  DOCKER_CONFIG,
  DOCKER_LAYER_GZIP,
  DOCKER_MANIFEST,
  OCI_CONFIG,
  OCI_INDEX,
  OCI_LAYER_GZIP,
  OCI_MANIFEST,
} from './mediaTypes.ts'

const sha = (hex: string) => parseDigest(`sha256:${hex}`)
// The article's image: published digests and sizes.
const LAYERS: [string, number][] = [
  ['e7c96db7181be991f19a9fb6975cdbbd73c65f4a2681348e63a141a2192a5f10', 2757034],
  ['f910a506b6cb1dbec766725d70356f695ae2bf2bea6224dbe8c7c6ad4f3664a2', 238],
  ['c2274a1a0e2786ee9101b08f76111f9ab8019e368dce1e325d3c284a0ca33397', 70732768],
  ['e4d6c83503a9bf0b4922dd67e42b92eb8c3d5a59322585570c6c6f91b1cbd924', 14737188],
]
const layers = (mediaType: string) => LAYERS.map(([hex, size]) => ({ mediaType, digest: sha(hex), size }))
const oci: Manifest = {
  schemaVersion: 2,
  mediaType: OCI_MANIFEST,
  config: {
    mediaType: OCI_CONFIG,
    digest: sha('d4a44c93e6326fd854b559a254310ba3e8861e7e35d062607f0a32e7562e9deb'),
    size: 2698,
  },
  layers: layers(OCI_LAYER_GZIP),
}
const docker: Manifest = {
  schemaVersion: 2,
  mediaType: DOCKER_MANIFEST,
  config: {
    mediaType: DOCKER_CONFIG,
    digest: sha('fa903e5799bb733ed874b5161bfaf6ec363b54ac9020541735305b5d515d6335'),
    size: 3792,
  },
  layers: layers(DOCKER_LAYER_GZIP),
}

describe('the article’s manifests, to the byte', () => {
  it.each([
    ['2020', 821, 'sha256:d45802acb2a6c862e2d5576bd9bb90d7a2a57cfcbc160b81cf44322c8e20ab73'],
    ['current', 878, 'sha256:a4237ce05f94594740501adfc538b141b3bf005c170d90569c12e4799cd989ce'],
  ] as const)('OCI, as skopeo of %s writes it', (profile, size, digest) => {
    const raw = writeManifest(oci, profile)
    expect([raw.length, digestOf(raw)]).toEqual([size, digest])
  })

  it('Docker’s, indented as its daemon pushes it', () => {
    const raw = writeManifest(docker, 'current', '   ')
    expect([raw.length, digestOf(raw)]).toEqual([
      1159,
      'sha256:83ece856c5c044b06ffdd3f14165d7439031486e6a0cec333cb4c06c42d846f4',
    ])
  })

  it.each([oci, docker])('read back they are the same', manifest => {
    expect(parseManifest(writeManifest(manifest), 'here', manifest.mediaType)).toEqual(manifest)
  })
})

const text = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))
const json = JSON.parse(new TextDecoder().decode(writeManifest(oci))) as Record<string, unknown>

describe('what is no manifest', () => {
  it.each<[string, unknown, string]>([
    ['null', null, 'MANIFEST_INVALID'],
    ['a list', [], 'MANIFEST_INVALID'],
    ['a manifest that is an index too', { ...json, manifests: [] }, 'MANIFEST_INVALID'],
    ['another media type than promised', { ...json, mediaType: DOCKER_MANIFEST }, 'MANIFEST_INVALID'],
    ['no config', { ...json, config: null }, 'MANIFEST_INVALID'],
    ['layers that are no list', { ...json, layers: {} }, 'MANIFEST_INVALID'],
    ['a digest that is a path', { ...json, config: { ...oci.config, digest: 'sha256:../../x' } }, 'DIGEST_INVALID'],
    ['a negative size', { ...json, config: { ...oci.config, size: -1 } }, 'SIZE_INVALID'],
    ['a fraction of a byte', { ...json, config: { ...oci.config, size: 0.5 } }, 'SIZE_INVALID'],
    ['a size beyond counting', { ...json, config: { ...oci.config, size: 2 ** 60 } }, 'SIZE_INVALID'],
    ['schema 1', { schemaVersion: 1, fsLayers: [] }, 'UNSUPPORTED'],
    ['an annotation that is no string', { ...json, annotations: { a: 1 } }, 'MANIFEST_INVALID'],
  ])('%s', (_name, value, code) =>
    expect(() => parseManifest(text(value), 'here', OCI_MANIFEST)).toThrow(expect.objectContaining({ code })),
  )

  it('not JSON, not UTF-8, or too large', () => {
    expect(() => parseManifest(Buffer.from('{'), 'here')).toThrow(expect.objectContaining({ code: 'MANIFEST_INVALID' }))
    expect(() => parseManifest(Buffer.from([0xff]), 'here')).toThrow(
      expect.objectContaining({ code: 'MANIFEST_INVALID' }),
    )
    expect(() => parseManifest(Buffer.alloc((4 << 20) + 1, ' '), 'here')).toThrow(
      expect.objectContaining({ code: 'TOO_LARGE' }),
    )
  })
})

describe('indexes', () => {
  it('null manifests, as umoci 0.4.7 writes, are none', () =>
    expect(parseIndex(text({ schemaVersion: 2, manifests: null }), 'here').manifests).toEqual([]))
  it('with layers are ambiguous', () =>
    expect(() => parseIndex(text({ schemaVersion: 2, manifests: [], layers: [] }), 'here')).toThrow(
      expect.objectContaining({ code: 'MANIFEST_INVALID' }),
    ))
  it('are known by their shape', () => {
    expect(detectMediaType(text({ schemaVersion: 2, manifests: [] }))).toBe(OCI_INDEX)
    expect(detectMediaType(writeManifest(oci, '2020'))).toBe(OCI_MANIFEST)
    expect(() => detectMediaType(text({ schemaVersion: 2 }))).toThrow(
      expect.objectContaining({ code: 'MEDIA_TYPE_UNKNOWN' }),
    )
  })
})
